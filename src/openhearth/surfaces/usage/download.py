"""Rows as a file that is sent while it is read: what is held in memory is some thousand rows, however long it gets."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, TypeVar

from starlette.responses import StreamingResponse

from openhearth.surfaces.usage import csv_rows
from openhearth.surfaces.usage.parquet import ParquetWriter
from openhearth.surfaces.usage.shown import Sheet

_GROUP_ROWS = 20_000
_MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_ROW = TypeVar("_ROW")


def download(
    sheet: Sheet[_ROW], batches: AsyncIterator[Sequence[_ROW]], form: Literal["csv", "parquet"], name: str
) -> StreamingResponse:
    """All rows of ``batches`` as a file called ``name``."""
    pieces = _csv(sheet, batches) if form == "csv" else _parquet(sheet, batches)
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"', "cache-control": "no-store"}
    return StreamingResponse(pieces, media_type=_MEDIA[form], headers=headers)


async def at_once(rows: Sequence[_ROW]) -> AsyncIterator[Sequence[_ROW]]:
    """Rows that are there already, as one batch."""
    yield rows


async def _csv(sheet: Sheet[_ROW], batches: AsyncIterator[Sequence[_ROW]]) -> AsyncIterator[bytes]:
    moments = [column.kind == "moment" for column in sheet.columns]

    def lines(rows: Sequence[_ROW]) -> bytes:
        return csv_rows.lines(list(csv_rows.cells(sheet.cells(row), moments)) for row in rows)

    yield csv_rows.lines([[column.name for column in sheet.columns]])
    async for rows in batches:
        yield await asyncio.to_thread(lines, rows)


async def _parquet(sheet: Sheet[_ROW], batches: AsyncIterator[Sequence[_ROW]]) -> AsyncIterator[bytes]:
    writer = ParquetWriter(sheet.columns)
    yield writer.start()
    waiting: list[tuple[Any, ...]] = []
    async for rows in batches:
        waiting.extend(map(sheet.cells, rows))
        if len(waiting) >= _GROUP_ROWS:
            yield await asyncio.to_thread(writer.group, waiting)
            waiting = []
    yield await asyncio.to_thread(writer.group, waiting)
    yield writer.end()
