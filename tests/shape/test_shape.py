"""The shape of the code: sizes, names, where the environment is read. An exception is a line in allowed.toml."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "openhearth"
FILES = sorted([*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").glob("*.py")])
LINES_MOST = 400
FUNCTION_LINES_MOST = 60
POSITIONAL_MOST = 5
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "handler", "handlers"}
MAY_READ_ENVIRONMENT = ("config.py", "cli.py", "commands/", "app/")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _allowed() -> dict[str, dict[str, dict[str, object]]]:
    return tomllib.loads((Path(__file__).parent / "allowed.toml").read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


class Looked(msgspec.Struct, frozen=True):
    """What one look at a file tells. Its tree, larger by far, is not kept."""

    has_docstring: bool
    reads_environment: bool
    functions: list[tuple[str, int, int]]
    "Name, lines and positional parameters of each."


@cache
def _look(path: Path) -> Looked:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    functions = [
        (node.name, (node.end_lineno or 0) - node.lineno + 1, _positional(node))
        for node in nodes
        if isinstance(node, Function)
    ]
    return Looked(not tree.body or bool(ast.get_docstring(tree)), any(map(_reads_environment, nodes)), functions)


def _positional(node: Function) -> int:
    return len([arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")])


def _judged(sizes: dict[str, int], most: int, kind: str) -> list[str]:
    """What is too large, and exceptions that are no longer needed or have grown."""
    allowed = {name: row["lines"] for name, row in _allowed().get(kind, {}).items()}
    wrong = [
        f"{name}: {size} lines, at most {most}" for name, size in sizes.items() if size > most and name not in allowed
    ]
    for name, lines in allowed.items():
        size = sizes.get(name, 0)
        if size <= most:
            wrong.append(f"{name}: needs no exception any more, take it out of allowed.toml")
        elif size != lines:
            wrong.append(f"{name}: {size} lines, allowed.toml says {lines}; the number may only fall")
    return wrong


def test_files_are_short() -> None:
    sizes = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert _judged(sizes, LINES_MOST, "files") == []


def test_functions_are_short() -> None:
    sizes: dict[str, int] = {}
    for path in FILES:
        for function, lines, _ in _look(path).functions:
            name = f"{_name(path)}:{function}"
            sizes[name] = max(sizes.get(name, 0), lines)
    assert _judged(sizes, FUNCTION_LINES_MOST, "functions") == []


def test_exceptions_have_a_reason() -> None:
    rows = [row for kind in _allowed().values() for row in kind.values()]
    assert [row for row in rows if not row.get("reason")] == []


def test_functions_take_few_positional_parameters() -> None:
    allowed = set(_allowed().get("parameters", {}))
    wide = set()
    for path in SOURCE.rglob("*.py"):
        for function, _, positional in _look(path).functions:
            # A constructor is where the composition root hands over services; it may be wider.
            if positional > POSITIONAL_MOST and function != "__init__":
                wide.add(f"{_name(path)}:{function}")
    assert wide == allowed


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {_name(path): {path.stem, *path.relative_to(ROOT).parts[:-1]} for path in FILES}
    assert [name for name, words in parts.items() if words & FORBIDDEN_NAMES] == []


def test_every_module_says_why_it_exists() -> None:
    assert [_name(path) for path in SOURCE.rglob("*.py") if not _look(path).has_docstring] == []


def test_only_the_start_reads_the_environment() -> None:
    readers = []
    for path in SOURCE.rglob("*.py"):
        inside = path.relative_to(SOURCE).as_posix()
        if inside.startswith(MAY_READ_ENVIRONMENT) or path.name == "__main__.py":  # a child process starts there
            continue
        readers += [inside] if _look(path).reads_environment else []
    allowed = _allowed().get("environment", {})
    assert [place for place in readers if place not in allowed] == []


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return (
            isinstance(node.value, ast.Name)
            and node.value.id == "os"
            and node.attr in ("environ", "getenv", "environb")
        )
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and any(a.name in ("environ", "getenv") for a in node.names)
    )


@pytest.mark.parametrize("line", ["os.environ['X']", "os.getenv('X')", "from os import environ"])
def test_the_environment_check_sees(line: str) -> None:
    assert any(_reads_environment(node) for node in ast.walk(ast.parse(line)))
