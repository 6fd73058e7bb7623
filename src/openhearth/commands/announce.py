"""``openhearth announce``: what the operator tells everybody."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.envelope import data_of, every
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("id", "title", "tag", "pinned", "starts_at", "ends_at")


def add(
    title: str,
    *,
    text: str = "",
    file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    tag: str = "",
    pinned: bool = False,
    begin: Annotated[str, Parameter(name="--from")] = "",
    end: Annotated[str, Parameter(name="--to")] = "",
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Tell everybody something.

    Args:
        title: its title
        text: what it says, in Markdown
        file: a file of Markdown in place of the text (- for standard input)
        tag: a word for its kind, such as 维护 or news
        pinned: keep it on top
        begin: when it is told first (2026-12-01, 2026-12-01T08:00+01:00; UTC without a zone); at once if not given
        end: when it is told last; for good if not given
        json: print JSON
    """
    if text and file is not None:
        raise WrongUse("Give --text or --file, not both.")
    body: dict[str, Any] = {"title": title, "content": _content(file) if file else text, "tag": tag, "pinned": pinned}
    if begin:
        body["start_time"] = _moment(begin, "from")
    if end:
        body["end_time"] = _moment(end, "to")
    row = _row(data_of(connect(server), "POST", "/api/announcement/", body))
    if json:
        as_json(row)
    else:
        print(f"Announcement {row['id']}: {row['title']}.")
    return 0


def listing(*, json: bool = False, server: Server | None = None) -> int:
    """List announcements, also those that are over or still to come.

    Args:
        json: print JSON
    """
    rows = [_row(one) for one in every(connect(server), "/api/announcement/?all=true")]
    if json:
        as_json(rows)
    else:
        as_table(rows, _COLUMNS, nothing="There are no announcements.")
    return 0


def remove(number: int, *, json: bool = False, server: Server | None = None) -> int:
    """Take an announcement back.

    Args:
        number: its number, as 'openhearth announce list' shows it
        json: print JSON
    """
    data_of(connect(server), "DELETE", f"/api/announcement/{number}")
    if json:
        as_json({"id": number, "deleted": True})
    else:
        print(f"Announcement {number} is removed.")
    return 0


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "title": one["title"],
        "tag": one["tag"],
        "pinned": one["pinned"],
        "starts_at": one["start_time"],
        "ends_at": one["end_time"] or None,
        "content": one["content"],
    }


def _content(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{file} cannot be read as text: {error}.") from error


def _moment(text: str, what: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUse(f"--{what} '{text}' must be written like 2026-12-01 or 2026-12-01T08:00+01:00.") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
