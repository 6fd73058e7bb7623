"""Reads the Parquet files that we write, written from the format's description alone and not from the writer: what a
foreign reader sees (https://parquet.apache.org/docs/file-format/, thrift's compact protocol)."""

import struct
import zlib
from typing import Any


class _Thrift:
    def __init__(self, data: bytes, place: int) -> None:
        self.data = data
        self.place = place

    def byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def zigzag(self) -> int:
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def value(self, kind: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 8:
            size = self.varint()
            self.place += size
            return self.data[self.place - size : self.place]
        if kind == 9:
            head = self.byte()
            size = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15) for _ in range(size)]
        assert kind == 12, kind
        return self.fields()

    def fields(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        number = 0
        while (head := self.byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            found[number] = self.value(head & 15)
        return found


def read(data: bytes) -> tuple[list[dict[int, Any]], list[dict[str, Any]]]:
    """The columns of the schema (fields by number) and the rows."""
    assert data[:4] == data[-4:] == b"PAR1"
    (size,) = struct.unpack("<I", data[-8:-4])
    meta = _Thrift(data, len(data) - 8 - size).fields()
    root, *columns = meta[2]
    assert root[5] == len(columns)
    rows: list[dict[str, Any]] = []
    for group in meta[4]:
        read_columns = {}
        for column, chunk in zip(columns, group[1], strict=True):
            said = chunk[3]
            assert (said[1], said[3], said[4]) == (column[1], [column[4]], 2)
            head = _Thrift(data, said[9])
            page = head.fields()
            stored = data[head.place : head.place + page[3]]
            assert head.place + page[3] - said[9] == said[7]
            raw = zlib.decompress(stored, wbits=31)
            assert len(raw) == page[2]
            assert page[5][1] == said[5] == group[3]
            read_columns[column[4].decode()] = _values(raw, column[1], said[5])
        rows += [dict(zip(read_columns, cells, strict=True)) for cells in zip(*read_columns.values(), strict=True)]
    assert len(rows) == meta[3]
    return columns, rows


def _values(raw: bytes, kind: int, count: int) -> list[Any]:
    if kind == 0:
        return [bool(raw[place // 8] >> place % 8 & 1) for place in range(count)]
    if kind == 2:
        return list(struct.unpack(f"<{count}q", raw))
    assert kind == 6
    texts, place = [], 0
    for _ in range(count):
        (size,) = struct.unpack_from("<I", raw, place)
        texts.append(raw[place + 4 : place + 4 + size].decode())
        place += 4 + size
    assert place == len(raw)
    return texts
