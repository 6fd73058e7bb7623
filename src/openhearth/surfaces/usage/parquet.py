"""Writes Parquet files without a library: the libraries for it are from 60 to 200 MB, and the plain form is small.

Every column is required and flat, values are in PLAIN encoding, pages compressed with gzip. Rows are written group by
group and only the places of the pages are remembered, so that a file may be larger than the memory. The format:
https://parquet.apache.org/docs/file-format/ and its parquet.thrift; the metadata is in Thrift's compact protocol
(https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from openhearth.surfaces.usage.shown import Column, Kind

_MAGIC = b"PAR1"
_BOOLEAN, _INT64, _BYTE_ARRAY = 0, 2, 6
_UTF8, _TIMESTAMP_MICROS = 0, 10
_REQUIRED, _PLAIN, _RLE, _GZIP, _DATA_PAGE = 0, 0, 3, 2, 0
_GZIP_WINDOW = 31
_TYPES: dict[Kind, tuple[int, int | None]] = {
    "text": (_BYTE_ARRAY, _UTF8),
    "whole": (_INT64, None),
    "flag": (_BOOLEAN, None),
    "moment": (_INT64, _TIMESTAMP_MICROS),
}
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_Field = tuple[int, int, Any]


class _Chunk(msgspec.Struct, frozen=True):
    """One column of one group: where its page is and how large."""

    offset: int
    raw_bytes: int
    stored_bytes: int


class ParquetWriter:
    """Hands out the bytes of one file: ``start``, any number of ``group``, ``end``."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)
        self._groups: list[tuple[int, list[_Chunk]]] = []
        self._offset = 0

    def start(self) -> bytes:
        """The first bytes."""
        return self._placed(_MAGIC)

    def group(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """The bytes of ``rows``, whose cells are in the order of the columns; moments in unix seconds."""
        if not rows:
            return b""
        pieces, chunks = [], []
        for column, values in zip(self._columns, zip(*rows, strict=True), strict=True):
            raw = _PLAINLY[column.kind](values)
            packer = zlib.compressobj(wbits=_GZIP_WINDOW)
            stored = packer.compress(raw) + packer.flush()
            head = _page_head(len(values), len(raw), len(stored))
            chunks.append(_Chunk(self._offset, len(head) + len(raw), len(head) + len(stored)))
            pieces.append(self._placed(head + stored))
        self._groups.append((len(rows), chunks))
        return b"".join(pieces)

    def end(self) -> bytes:
        """The metadata, which readers begin with."""
        rows = sum(count for count, _ in self._groups)
        root: list[_Field] = [(4, _BINARY, b"rows"), (5, _I32, len(self._columns))]
        schema = [root, *(_schema_of(column) for column in self._columns)]
        footer = _struct(
            [
                (1, _I32, 1),
                (2, _LIST, (_STRUCT, schema)),
                (3, _I64, rows),
                (4, _LIST, (_STRUCT, [self._group_of(count, chunks) for count, chunks in self._groups])),
                (6, _BINARY, b"openhearth version 1.0.0"),
            ]
        )
        return self._placed(footer + struct.pack("<I", len(footer)) + _MAGIC)

    def _group_of(self, count: int, chunks: list[_Chunk]) -> list[_Field]:
        columns = [
            [(2, _I64, chunk.offset), (3, _STRUCT, _chunk_of(column, count, chunk))]
            for column, chunk in zip(self._columns, chunks, strict=True)
        ]
        return [
            (1, _LIST, (_STRUCT, columns)),
            (2, _I64, sum(chunk.raw_bytes for chunk in chunks)),
            (3, _I64, count),
        ]

    def _placed(self, piece: bytes) -> bytes:
        self._offset += len(piece)
        return piece


def _schema_of(column: Column) -> list[_Field]:
    physical, meaning = _TYPES[column.kind]
    named: list[_Field] = [(1, _I32, physical), (3, _I32, _REQUIRED), (4, _BINARY, column.name.encode())]
    return named if meaning is None else [*named, (6, _I32, meaning)]


def _chunk_of(column: Column, count: int, chunk: _Chunk) -> list[_Field]:
    return [
        (1, _I32, _TYPES[column.kind][0]),
        (2, _LIST, (_I32, [_PLAIN, _RLE])),
        (3, _LIST, (_BINARY, [column.name.encode()])),
        (4, _I32, _GZIP),
        (5, _I64, count),
        (6, _I64, chunk.raw_bytes),
        (7, _I64, chunk.stored_bytes),
        (9, _I64, chunk.offset),
    ]


def _page_head(count: int, raw_bytes: int, stored_bytes: int) -> bytes:
    data: list[_Field] = [(1, _I32, count), (2, _I32, _PLAIN), (3, _I32, _RLE), (4, _I32, _RLE)]
    return _struct([(1, _I32, _DATA_PAGE), (2, _I32, raw_bytes), (3, _I32, stored_bytes), (5, _STRUCT, data)])


def _texts(values: Sequence[str]) -> bytes:
    pieces: list[bytes] = []
    for value in values:
        encoded = value.encode("utf-8", "replace")
        pieces += (struct.pack("<I", len(encoded)), encoded)
    return b"".join(pieces)


def _wholes(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def _flags(values: Sequence[bool]) -> bytes:
    bits = sum(1 << place for place, value in enumerate(values) if value)
    return bits.to_bytes(-(-len(values) // 8), "little")


def _moments(values: Sequence[float]) -> bytes:
    return _wholes([round(value * 1_000_000) for value in values])


_PLAINLY: dict[Kind, Callable[[Sequence[Any]], bytes]] = {
    "text": _texts,
    "whole": _wholes,
    "flag": _flags,
    "moment": _moments,
}


def _struct(fields: Sequence[_Field]) -> bytes:
    """A struct in the compact protocol; ``fields`` are (id, type, value) with rising ids."""
    pieces: list[bytes] = []
    last = 0
    for number, kind, value in fields:
        pieces += (bytes([(number - last) << 4 | kind]), _value(kind, value))
        last = number
    return b"".join(pieces) + b"\x00"


def _value(kind: int, value: Any) -> bytes:
    if kind == _BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == _STRUCT:
        return _struct(value)
    if kind == _LIST:
        of, items = value
        size = bytes([len(items) << 4 | of]) if len(items) < 15 else bytes([0xF0 | of]) + _varint(len(items))
        return size + b"".join(_value(of, item) for item in items)
    return _varint(value << 1)  # zigzag of what is never negative here


def _varint(number: int) -> bytes:
    pieces = bytearray()
    while number > 0x7F:
        pieces.append(number & 0x7F | 0x80)
        number >>= 7
    pieces.append(number)
    return bytes(pieces)
