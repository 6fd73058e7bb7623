"""How commands read answers in New API's envelope."""

from typing import Any

from openhearth.commands import Trouble
from openhearth.commands.admin import Admin

_SIZE = 100


def data_of(admin: Admin, method: str, path: str, body: object = None) -> Any:
    """What the envelope holds. Raises Trouble with the server's words when it says no."""
    answer = admin.send(method, path, body)
    if not isinstance(answer, dict) or not answer.get("success"):
        raise Trouble(str(answer.get("message")) if isinstance(answer, dict) else "This is no OpenHearth server.")
    return answer.get("data")


def every(admin: Admin, path: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    joint = "&" if "?" in path else "?"
    found: list[dict[str, Any]] = []
    while True:
        page = data_of(admin, "GET", f"{path}{joint}p={len(found) // _SIZE + 1}&page_size={_SIZE}")
        found += page["items"]
        if len(found) >= page["total"] or not page["items"]:
            return found
