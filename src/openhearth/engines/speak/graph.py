"""Making an ONNX graph tell one more of its values: how long each phoneme lasts, which the models compute and keep.

The file is a protocol buffer (onnx.proto: ModelProto.graph is field 7, GraphProto.output field 12, ValueInfoProto.name
field 1); one output is appended to its bytes, so that no further library is needed.
"""

_GRAPH = 7
_OUTPUT = 12
_NAME = 1
_BYTES = 2
_SIZES = {1: 8, 5: 4}


def with_output(model: bytes, name: str) -> bytes:
    """The model with the value ``name`` as its last output. Raises ValueError when ``model`` holds no graph."""
    at = 0
    while at < len(model):
        tag, inside = _number(model, at)
        kind = tag & 7
        if kind == 0:
            _, at = _number(model, inside)
            continue
        if kind != _BYTES:
            at = inside + _SIZES[kind]
            continue
        size, body = _number(model, inside)
        if tag >> 3 == _GRAPH:
            added = _field(_OUTPUT, _field(_NAME, name.encode()))
            end = body + size
            return model[:inside] + _written(size + len(added)) + model[body:end] + added + model[end:]
        at = body + size
    raise ValueError("this is no ONNX model: it holds no graph")


def _field(number: int, data: bytes) -> bytes:
    return _written(number << 3 | _BYTES) + _written(len(data)) + data


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
