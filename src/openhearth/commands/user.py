"""``openhearth user``: who may sign in, and what they have paid in."""

from typing import Any, Literal
from urllib.parse import quote as quoted

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.amounts import Bounds, bounds, given, password_of, shown
from openhearth.commands.dollars import micros
from openhearth.commands.show import as_json, as_table

_Role = Literal["member", "admin", "root"]
_COLUMNS = ("number", "username", "id", "role", "org_id", "group", "disabled", "bounds", "email", "created_at")


def create(
    username: str,
    *,
    password_stdin: bool = False,
    role: _Role = "member",
    org: str = "",
    group: str = "",
    email: str = "",
    display_name: str = "",
    limits: Bounds | None = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Make a user. A password is made, and shown this one time, if none is given.

    Args:
        username: the name to sign in with
        password_stdin: read it from standard input
        role: what the user may do
        org: the organisation (its id); your own if not given
        group: the price group
        email: an address
        display_name: a name to show
        json: print JSON
    """
    body = {"username": username, "role": role, **bounds(limits)}
    body |= given(org=org, group=group, email=email, display_name=display_name, password=password_of(password_stdin))
    made = connect(server).ask("POST", "/users", body)
    _told(made, json, f"User '{made['username']}' ({made['id']}, number {made['number']}).")
    return 0


def listing(*, search: str = "", org: str = "", json: bool = False, server: Server | None = None) -> int:
    """List users.

    Args:
        search: a part of the username, the shown name or the address
        org: only users of this organisation (its id)
        json: print JSON
    """
    query = "&".join(f"{name}={quoted(value)}" for name, value in (("search", search), ("org", org)) if value)
    rows = connect(server).every("/users" + (f"?{query}" if query else ""))
    if json:
        as_json(rows)
    else:
        as_table(map(shown, rows), _COLUMNS, nothing="There are no users.")
    return 0


def change(
    user: str,
    *,
    rename: str = "",
    role: _Role | None = None,
    group: str = "",
    email: str = "",
    display_name: str = "",
    limits: Bounds | None = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Change a user, from their next call on. What is not given stays; 'none' lifts a bound or empties a text.

    Args:
        user: username, number or id
        rename: another username
        role: what the user may do
        group: the price group
        email: an address
        display_name: a name to show
        json: print JSON
    """
    body = given(username=rename, role=role, group=group, email=email, display_name=display_name) | bounds(limits)
    if not body:
        raise WrongUse("Say what is to change, such as --group vip or --month 50.")
    return _changed(user, body, json=json, server=server)


def disable(user: str, *, json: bool = False, server: Server | None = None) -> int:
    """Refuse a user and all their keys from now on.

    Args:
        user: username, number or id
        json: print JSON
    """
    return _changed(user, {"disabled": True}, json=json, server=server)


def enable(user: str, *, json: bool = False, server: Server | None = None) -> int:
    """Let a disabled user in again.

    Args:
        user: username, number or id
        json: print JSON
    """
    return _changed(user, {"disabled": False}, json=json, server=server)


def password(user: str, *, password_stdin: bool = False, json: bool = False, server: Server | None = None) -> int:
    """Give a user a new password; their sessions end. One is made, and shown this one time, if none is given.

    Args:
        user: username, number or id
        password_stdin: read it from standard input
        json: print JSON
    """
    body = given(password=password_of(password_stdin))
    made = connect(server).ask("POST", f"/users/{quoted(user, safe='')}/password", body)
    _told(made, json, f"User '{made['username']}' has a new password.")
    return 0


def topup(user: str, amount: str, *, effect: str = "", json: bool = False, server: Server | None = None) -> int:
    """Add to what a user has paid in.

    Args:
        user: username, number or id
        amount: money in USD (25); below zero takes back (-5)
        effect: the payment's own number: the same one counts once
        json: print JSON
    """
    sign = -1 if amount.startswith("-") else 1
    body = {"micros": sign * micros(amount.removeprefix("-"), "amount"), **given(effect=effect)}
    made = connect(server).ask("POST", f"/users/{quoted(user, safe='')}/top-up", body)
    _told(made, json, f"User '{made['username']}': {shown(made)['bounds'] or 'no quota'}.")
    return 0


def delete(user: str, *, json: bool = False, server: Server | None = None) -> int:
    """Delete a user. Their keys stop; what they used stays in the ledger.

    Args:
        user: username, number or id
        json: print JSON
    """
    answer = connect(server).ask("DELETE", f"/users/{quoted(user, safe='')}")
    _told(answer, json, f"{answer['id']} is deleted.")
    return 0


def _changed(user: str, body: dict[str, Any], *, json: bool, server: Server | None) -> int:
    changed = connect(server).ask("PATCH", f"/users/{quoted(user, safe='')}", body)
    if json:
        as_json(changed)
    else:
        as_table([shown(changed)], _COLUMNS, nothing="")
    return 0


def _told(answer: dict[str, Any], json: bool, words: str) -> None:
    if json:
        as_json(answer)
    elif "password" in answer:
        print(f"{answer['password']}\n\n{words} This is the password; it cannot be shown again.")
    else:
        print(words)
