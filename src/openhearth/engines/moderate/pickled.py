"""Reading a joblib file as data, so that weights need neither scikit-learn nor the right to run code.

A pickle is a program. This interpreter knows only the instructions that build plain values, and answers a reference to
one of the named classes with an inert ``Stub``; nothing is imported and nothing of the file is ever called.
Layout: Python's pickle protocol 5 (``pickletools``), and joblib's ``NumpyArrayWrapper``: after its state come one byte
of padding length, the padding and the array's raw bytes (joblib 1.x, ``numpy_pickle.py``).
"""

import pickletools
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"
_DTYPE = "numpy.dtype"
_SCALAR = ("numpy._core.multiarray.scalar", "numpy.core.multiarray.scalar")
_NUMBERS = frozenset({"f4", "f8", "i4", "i8"})
_MOST_BYTES = 64 * 1024 * 1024
_MARK = object()


class NotData(Exception):
    """The file holds something else than arrays and plain values in the expected classes."""


class Stub:
    """What stands for an object of a foreign class: its name and its fields."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: dict[str, object] = {}

    def __getitem__(self, field: str) -> object:
        if field not in self.state:
            raise NotData(f"{self.name} has no field {field!r}")
        return self.state[field]


class _Class:
    def __init__(self, name: str) -> None:
        self.name = name


def read_joblib(path: Path, classes: frozenset[str]) -> object:
    """The object in ``path``. ``classes`` are the full names it may refer to, besides joblib's array and numpy's dtype.

    Raises NotData for everything else and OSError.
    """
    with path.open("rb") as file:
        if path.stat().st_size > _MOST_BYTES:
            raise NotData("the file is too large")
        return _Reader(file, classes | {_ARRAY, _DTYPE, "numpy.ndarray", "numpy.float64", *_SCALAR}).read()


class _Reader:
    """A stack machine over the instructions ``pickletools`` finds."""

    def __init__(self, file: BinaryIO, classes: frozenset[str]) -> None:
        self._file = file
        self._classes = classes
        self._stack: list[object] = []
        self._memo: list[object] = []

    def read(self) -> object:
        try:
            for code, argument, _ in pickletools.genops(self._file):
                if code.name == "STOP":
                    return self._stack.pop()
                self._step(code.name, argument)
        except (ValueError, IndexError, TypeError, UnicodeDecodeError) as error:
            raise NotData(f"damaged: {error}") from error
        raise NotData("it does not end")

    def _step(self, name: str, argument: object) -> None:
        stack = self._stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in ("BINGET", "LONG_BINGET"):
            assert isinstance(argument, int)
            stack.append(self._memo[argument])
        elif name == "MEMOIZE":
            self._memo.append(stack[-1])
        elif name not in _NOTHING:
            self._build(name)

    def _build(self, name: str) -> None:
        stack = self._stack
        if name in _TUPLES:
            count = _TUPLES[name]
            stack[len(stack) - count :] = [tuple(stack[len(stack) - count :])]
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name in ("SETITEMS", "APPENDS"):
            self._fill(self._since_mark())
        elif name == "SETITEM":
            self._fill([stack.pop(-2), stack.pop()])
        elif name == "APPEND":
            self._fill([stack.pop()])
        elif name == "STACK_GLOBAL":
            self._refer()
        elif name in ("NEWOBJ", "REDUCE"):
            arguments, made = stack.pop(), stack.pop()
            stack.append(_made(made, arguments))
        elif name == "BUILD":
            self._state(stack.pop())
        else:
            raise NotData(f"instruction {name}")

    def _since_mark(self) -> list[object]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise NotData("no mark")
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    def _fill(self, values: list[object]) -> None:
        into = self._stack[-1]
        if isinstance(into, dict):
            into.update(zip(values[::2], values[1::2], strict=True))
        elif isinstance(into, list):
            into.extend(values)
        else:
            raise NotData("items for something that holds none")

    def _refer(self) -> None:
        qualified, module = self._stack.pop(), self._stack.pop()
        name = f"{module}.{qualified}"
        if name not in self._classes:
            raise NotData(f"it refers to {name[:120]}")
        self._stack.append(_Class(name))

    def _state(self, state: object) -> None:
        made = self._stack[-1]
        if isinstance(made, np.dtype):
            return  # the byte order, which is part of the name already
        if not isinstance(made, Stub) or not isinstance(state, dict):
            raise NotData("a state for something that has none")
        made.state.update(state)
        if made.name == _ARRAY:
            array = self._array(made)
            self._stack[-1] = array
            self._memo[:] = [array if known is made else known for known in self._memo]

    def _array(self, wrapper: Stub) -> Array:
        kind, shape, order = wrapper["dtype"], wrapper["shape"], wrapper["order"]
        if not isinstance(kind, np.dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
            raise NotData("an array of an unknown form")
        self._file.read(self._file.read(1)[0])
        size = int(np.prod([int(side) for side in shape])) * kind.itemsize
        if not 0 <= size <= _MOST_BYTES:
            raise NotData("an array that is too large")
        values = np.frombuffer(self._file.read(size), dtype=kind)
        return values.reshape(shape, order="C" if order == "C" else "F")


def _made(made: object, arguments: object) -> object:
    if not isinstance(made, _Class) or not isinstance(arguments, tuple):
        raise NotData("a call of something that is no class")
    if made.name == _DTYPE:
        if not arguments or arguments[0] not in _NUMBERS:
            raise NotData("an array of something that is no number")
        return np.dtype(str(arguments[0]))
    if made.name in _SCALAR:
        return _scalar(arguments)
    return Stub(made.name)


def _scalar(arguments: tuple[object, ...]) -> object:
    kind, data = arguments
    if not isinstance(kind, np.dtype) or not isinstance(data, bytes):
        raise NotData("a number of an unknown form")
    return np.frombuffer(data, dtype=kind)[0]


_VALUES = frozenset(
    {"SHORT_BINUNICODE", "BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "SHORT_BINBYTES"}
    | {"BINBYTES", "UNICODE"}
)
_CONSTANTS: dict[str, object] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "MARK": _MARK, "EMPTY_TUPLE": ()}
_EMPTY: dict[str, type] = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NOTHING = frozenset({"PROTO", "FRAME"})
