"""``openhearth key``: who may call."""

from typing import Any, Literal
from urllib.parse import quote as quoted

from openhearth.commands import Trouble, WrongUse
from openhearth.commands.admin import Admin, Server, connect, keep_first_key
from openhearth.commands.amounts import Bounds, bounds, given, names, seconds, shown, until
from openhearth.commands.show import as_json, as_table

Moderate = Literal["off", "input", "output", "both"]
_COLUMNS = (
    "id", "name", "hint", "user_id", "project_id", "group", "is_admin", "disabled", "expires_at", "used_at", "bounds",
    "models", "operations", "ips", "moderate",
)  # fmt: skip


def create(
    name: str,
    *,
    limits: Bounds | None = None,
    expires: str = "",
    model: list[str] | None = None,
    models: str = "",
    operations: str = "",
    ips: str = "",
    user: str = "",
    project: str = "",
    group: str = "",
    owner: str = "",
    moderate: Moderate = "off",
    cache: str = "",
    admin: bool = False,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Make a key and print it. It is shown this one time.

    Args:
        name: what the key is for
        expires: how long it lives (90s, 15m, 12h, 30d); for ever if not given
        model: a model it may use (gpt-4o, qwen*); may be repeated; every model if not given
        models: the same as a list (gpt-4o,qwen*)
        operations: what it may be used for (chat, image*, embed …), as a list; everything if not given
        ips: addresses or networks it may be used from (192.0.2.7,10.0.0.0/8), as a list; anywhere if not given
        user: whose key it is (username, number or id); your own if not given
        project: the project it belongs to (its id): its keys share files and a budget
        group: the price group; its user's if not given
        owner: whose files and other objects it opens; its own if not given
        moderate: what is checked by moderation and refused when flagged: what the key sends, what it gets, or both
        cache: how old an answer kept for it may be (10m); none is kept if not given
        admin: may do what its user's role may do, and not only call
        json: print JSON
    """
    body: dict[str, Any] = {"name": name, "is_admin": admin, "models": [*(model or []), *names(models)]}
    body |= given(user=user, project=project, group=group, owner=owner) | bounds(limits)
    body |= _lists(operations=operations, ips=ips)
    if moderate != "off":
        body["moderate"] = moderate
    if cache:
        body["cache_s"] = seconds(cache, "cache")
    if expires:
        body["expires_in_s"] = seconds(expires, "expires")
    made = connect(server).ask("POST", "/keys", body)
    _print_new(made, json)
    return 0


def listing(*, search: str = "", user: str = "", json: bool = False, server: Server | None = None) -> int:
    """List keys; the keys themselves are not stored and cannot be listed.

    Args:
        search: a part of the name, or an id
        user: only keys of this user (username, number or id)
        json: print JSON
    """
    query = "&".join(f"{name}={quoted(value)}" for name, value in (("search", search), ("user", user)) if value)
    rows = connect(server).every("/keys" + (f"?{query}" if query else ""))
    if json:
        as_json(rows)
    else:
        as_table(map(shown, rows), _COLUMNS, nothing="There are no keys.")
    return 0


def change(
    name: str,
    *,
    rename: str = "",
    limits: Bounds | None = None,
    expires: str = "",
    models: str = "",
    operations: str = "",
    ips: str = "",
    project: str = "",
    group: str = "",
    owner: str = "",
    moderate: Moderate | None = None,
    cache: str = "",
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Change a key; it applies from its next call on. What is not given stays; 'none' lifts a bound or empties a list.

    Args:
        name: its id (key_…) or its name, as 'openhearth key list' shows them
        rename: another name
        expires: how long it lives from now on (90s, 15m, 12h, 30d)
        models: the models it may use (gpt-4o,qwen*)
        operations: what it may be used for (chat,image*)
        ips: addresses or networks it may be used from (192.0.2.7,10.0.0.0/8)
        project: the project it belongs to
        group: the price group
        owner: whose files and other objects it opens
        moderate: what is checked by moderation and refused when flagged: what the key sends, what it gets, or both
        cache: how old an answer kept for it may be (10m; 0 for none)
        json: print JSON
    """
    body = given(name=rename, project=project, group=group, owner=owner, moderate=moderate) | bounds(limits)
    body |= _lists(models=models, operations=operations, ips=ips)
    if cache:
        body["cache_s"] = seconds(cache, "cache")
    if expires:
        body["expires_in_s"] = until(expires)
    if not body:
        raise WrongUse("Say what is to change, such as --quota 5 or --models 'gpt-*'.")
    admin = connect(server)
    changed = admin.ask("PATCH", f"/keys/{id_of(admin, name)}", body)
    if json:
        as_json(changed)
    else:
        as_table([shown(changed)], _COLUMNS, nothing="")
    return 0


put = change


def disable(name: str, *, json: bool = False, server: Server | None = None) -> int:
    """Refuse a key from now on.

    Args:
        name: its id (key_…) or its name, as 'openhearth key list' shows them
        json: print JSON
    """
    return _switch(name, "disable", "disabled", json=json, server=server)


def enable(name: str, *, json: bool = False, server: Server | None = None) -> int:
    """Let a disabled key call again.

    Args:
        name: its id (key_…) or its name, as 'openhearth key list' shows them
        json: print JSON
    """
    return _switch(name, "enable", "enabled", json=json, server=server)


def rotate(name: str, *, overlap: str = "", json: bool = False, server: Server | None = None) -> int:
    """Give a key a new secret, and print it. Id, bounds and history stay; of the first key, the file is written anew.

    Args:
        name: its id (key_…) or its name, as 'openhearth key list' shows them
        overlap: how long the old secret goes on (1h); it stops at once if not given
        json: print JSON
    """
    body = {"overlap_s": seconds(overlap, "overlap")} if overlap else {}
    admin = connect(server)
    key_id = id_of(admin, name)
    is_own = not (server and server.admin_key) and key_id == admin.key_id
    made = admin.ask("POST", f"/keys/{key_id}/rotate", body)
    if is_own:
        keep_first_key(server, made["key"])
    _print_new(made, json)
    return 0


def id_of(admin: Admin, name: str) -> str:
    """The id of the one key with this id or name. Raises Trouble, as for anything the server does not have."""
    rows = admin.every(f"/keys?search={quoted(name)}")
    # Anybody may name their key like another one's id: the id comes first.
    found = [str(row["id"]) for row in rows if name == row["id"]] or [
        str(row["id"]) for row in rows if name == row["name"]
    ]
    if len(found) != 1:
        raise Trouble(f"{len(found) or 'No'} keys are named '{name}'. Give an id of 'openhearth key list'.")
    return found[0]


def _switch(name: str, verb: str, done: str, *, json: bool, server: Server | None) -> int:
    admin = connect(server)
    key_id = id_of(admin, name)
    answer = admin.ask("POST", f"/keys/{key_id}/{verb}")
    if json:
        as_json(answer)
    else:
        print(f"{key_id} is {done}.")
    return 0


def _lists(**given_lists: str) -> dict[str, list[str]]:
    return {field: names(text) for field, text in given_lists.items() if text}


def _print_new(made: dict[str, Any], json: bool) -> None:
    if json:
        as_json(made)
    else:
        print(f"{made['key']}\n\nKey '{made['name']}' ({made['id']}). Keep it now: it cannot be shown again.")
