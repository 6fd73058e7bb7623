"""``openhearth project``: pieces of work whose keys share files and a budget."""

from typing import Any
from urllib.parse import quote as quoted

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.amounts import Bounds, bounds, given, names, shown
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("id", "name", "org_id", "archived", "models", "bounds", "created_at")


def create(
    name: str,
    *,
    org: str = "",
    models: str = "",
    limits: Bounds | None = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Make a project.

    Args:
        name: its name
        org: its organisation (an id); your own if not given
        models: the models its keys may use (gpt-4o,qwen*); every model if not given
        json: print JSON
    """
    body = {"name": name, "models": names(models), **given(org=org), **bounds(limits)}
    return _shown([connect(server).ask("POST", "/projects", body)], json)


def listing(*, org: str = "", json: bool = False, server: Server | None = None) -> int:
    """List projects.

    Args:
        org: only those of this organisation (its id)
        json: print JSON
    """
    rows = connect(server).rows("/projects" + (f"?org={quoted(org)}" if org else ""))
    if json:
        as_json(rows)
        return 0
    return _shown(rows, json)


def change(
    project: str,
    *,
    rename: str = "",
    models: str = "",
    limits: Bounds | None = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Change a project. What is not given stays; 'none' lifts a bound or empties the list.

    Args:
        project: its id
        rename: another name
        models: the models its keys may use (gpt-4o,qwen*)
        json: print JSON
    """
    body: dict[str, Any] = given(name=rename) | bounds(limits)
    if models:
        body["models"] = names(models)
    if not body:
        raise WrongUse("Say what is to change, such as --month 500.")
    return _changed(project, body, json, server)


def archive(project: str, *, json: bool = False, server: Server | None = None) -> int:
    """Refuse the keys of a project from now on; what it made and spent stays.

    Args:
        project: its id
        json: print JSON
    """
    return _changed(project, {"archived": True}, json, server)


def restore(project: str, *, json: bool = False, server: Server | None = None) -> int:
    """Let the keys of an archived project call again.

    Args:
        project: its id
        json: print JSON
    """
    return _changed(project, {"archived": False}, json, server)


def _changed(project: str, body: dict[str, Any], json: bool, server: Server | None) -> int:
    return _shown([connect(server).ask("PATCH", f"/projects/{quoted(project, safe='')}", body)], json)


def _shown(rows: list[dict[str, Any]], json: bool) -> int:
    if json:
        as_json(rows[0])
    else:
        as_table(map(shown, rows), _COLUMNS, nothing="There are no projects.")
    return 0
