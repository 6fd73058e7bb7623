"""``openhearth secrets``: the master key that seals credentials at rest."""

from openhearth.commands.admin import Server, connect
from openhearth.commands.show import as_json


def rotate(*, json: bool = False, server: Server | None = None) -> int:
    """Make a new master key and seal every stored credential with it. The old one is gone afterwards.

    Args:
        json: print JSON
    """
    done = connect(server).ask("POST", "/secrets/rotate", {})
    if json:
        as_json(done)
    else:
        print(f"Master key {done['key_id']}: {done['resealed']} credentials were sealed anew.")
        if done["unreadable"]:
            print(f"{done['unreadable']} could not be opened before either, and were left as they are.")
        print("Back up the file 'master-key' of the data folder now; backups of before need the old one.")
    return 1 if done["unreadable"] else 0
