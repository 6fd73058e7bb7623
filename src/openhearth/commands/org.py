"""``openhearth org``: tenants."""

from typing import Any
from urllib.parse import quote as quoted

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.amounts import Bounds, bounds, given, shown
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("id", "name", "disabled", "bounds", "created_at")


def create(
    name: str, *, id: str = "", limits: Bounds | None = None, json: bool = False, server: Server | None = None
) -> int:
    """Make an organisation.

    Args:
        name: its name
        id: its id (org_acme); one is made if not given
        json: print JSON
    """
    body = {"name": name, **given(id=id), **bounds(limits)}
    return _shown([connect(server).ask("POST", "/orgs", body)], json)


def listing(*, json: bool = False, server: Server | None = None) -> int:
    """List organisations.

    Args:
        json: print JSON
    """
    rows = connect(server).rows("/orgs")
    if json:
        as_json(rows)
        return 0
    return _shown(rows, json)


def change(
    org: str, *, rename: str = "", limits: Bounds | None = None, json: bool = False, server: Server | None = None
) -> int:
    """Change an organisation. What is not given stays; 'none' lifts a bound.

    Args:
        org: its id
        rename: another name
        json: print JSON
    """
    body = given(name=rename) | bounds(limits)
    if not body:
        raise WrongUse("Say what is to change, such as --month 500.")
    return _changed(org, body, json, server)


def disable(org: str, *, json: bool = False, server: Server | None = None) -> int:
    """Refuse an organisation, its users and its keys from now on.

    Args:
        org: its id
        json: print JSON
    """
    return _changed(org, {"disabled": True}, json, server)


def enable(org: str, *, json: bool = False, server: Server | None = None) -> int:
    """Let a disabled organisation in again.

    Args:
        org: its id
        json: print JSON
    """
    return _changed(org, {"disabled": False}, json, server)


def _changed(org: str, body: dict[str, Any], json: bool, server: Server | None) -> int:
    return _shown([connect(server).ask("PATCH", f"/orgs/{quoted(org, safe='')}", body)], json)


def _shown(rows: list[dict[str, Any]], json: bool) -> int:
    if json:
        as_json(rows[0])
    else:
        as_table(map(shown, rows), _COLUMNS, nothing="There are no organisations.")
    return 0
