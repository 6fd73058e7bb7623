"""``openhearth model``: what a model may be used by everybody together."""

from urllib.parse import quote as quoted

from openhearth.commands.admin import Server, connect
from openhearth.commands.amounts import Bounds, bounds, shown
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("model", "bounds")


def limit(name: str, *, limits: Bounds | None = None, json: bool = False, server: Server | None = None) -> int:
    """Bind a model for everybody together; what is not given is unbound.

    Args:
        name: its name, as clients use it
        json: print JSON
    """
    body = {bound: most for bound, most in bounds(limits).items() if most is not None}
    row = connect(server).ask("PUT", f"/models/{quoted(name, safe='')}/allowance", body)
    if json:
        as_json(row)
    else:
        print(f"{row['model']}: {shown(row)['bounds'] or 'unbound'}.")
    return 0


def limits(*, json: bool = False, server: Server | None = None) -> int:
    """List models that are bound.

    Args:
        json: print JSON
    """
    rows = connect(server).rows("/models/allowances")
    if json:
        as_json(rows)
    else:
        as_table(map(shown, rows), _COLUMNS, nothing="No model is bound.")
    return 0
