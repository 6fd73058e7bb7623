"""``openhearth group``: price groups."""

from typing import Any
from urllib.parse import quote as quoted

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.amounts import Bounds, bounds, given, names, ratio_ppm, shown
from openhearth.commands.dollars import usd
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("name", "ratio", "open", "models", "bounds", "description")


def create(
    name: str,
    *,
    ratio: str = "1",
    models: str = "",
    description: str = "",
    open: bool = False,
    limits: Bounds | None = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Make a price group.

    Args:
        name: its name
        ratio: what every cost is multiplied by (0.8, 1.25)
        models: the models its members may use (gpt-4o,qwen*); every model if not given
        description: a few words
        open: users may choose it themselves
        json: print JSON
    """
    body = {"name": name, "ratio_ppm": ratio_ppm(ratio), "models": names(models), "open": open}
    body |= given(description=description) | bounds(limits)
    return _shown([connect(server).ask("POST", "/groups", body)], json)


def listing(*, json: bool = False, server: Server | None = None) -> int:
    """List price groups.

    Args:
        json: print JSON
    """
    rows = connect(server).rows("/groups")
    if json:
        as_json(rows)
        return 0
    return _shown(rows, json)


def change(
    name: str,
    *,
    ratio: str = "",
    models: str = "",
    description: str = "",
    open: bool | None = None,
    limits: Bounds | None = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Change a price group, from the next call on. What is not given stays; 'none' lifts a bound or empties the list.

    Args:
        name: its name
        ratio: what every cost is multiplied by (0.8, 1.25)
        models: the models its members may use (gpt-4o,qwen*)
        description: a few words
        open: users may choose it themselves
        json: print JSON
    """
    body: dict[str, Any] = given(description=description, open=open) | bounds(limits)
    if ratio:
        body["ratio_ppm"] = ratio_ppm(ratio)
    if models:
        body["models"] = names(models)
    if not body:
        raise WrongUse("Say what is to change, such as --ratio 0.8.")
    return _shown([connect(server).ask("PATCH", f"/groups/{quoted(name, safe='')}", body)], json)


def delete(name: str, *, json: bool = False, server: Server | None = None) -> int:
    """Delete a price group that no user and no key is in.

    Args:
        name: its name
        json: print JSON
    """
    answer = connect(server).ask("DELETE", f"/groups/{quoted(name, safe='')}")
    if json:
        as_json(answer)
    else:
        print(f"The group '{name}' is deleted.")
    return 0


def _shown(rows: list[dict[str, Any]], json: bool) -> int:
    if json:
        as_json(rows[0])
    else:
        as_table(
            ({**shown(row), "ratio": usd(row["ratio_ppm"])} for row in rows), _COLUMNS, nothing="There are no groups."
        )
    return 0
