"""Every error code a client can get has a section in docs/errors.md, and the page has no section for any other."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "openhearth"
PAGE = ROOT / "docs" / "errors.md"


def _error_classes(trees: list[ast.Module]) -> set[str]:
    """Names of all classes that descend from GatewayError, wherever they are."""
    parents = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"GatewayError"}
    while found := {name for name, bases in parents.items() if bases & known} - known:
        known |= found
    return known


def _codes(tree: ast.Module, errors: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in errors:
            for line in node.body:
                if (
                    isinstance(line, ast.Assign | ast.AnnAssign)
                    and _assigns_code(line)
                    and isinstance(line.value, ast.Constant)
                ):
                    yield str(line.value.value)
        else:
            for value in _given(node, errors):
                yield from _texts(value)


def _given(node: ast.AST, errors: set[str]) -> Iterator[ast.expr]:
    """The expression after ``code=`` where an error is made."""
    if isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        yield from (keyword.value for keyword in node.keywords if called in errors and keyword.arg == "code")


def _assigns_code(line: ast.Assign | ast.AnnAssign) -> bool:
    targets = line.targets if isinstance(line, ast.Assign) else [line.target]
    return any(isinstance(target, ast.Name) and target.id == "code" for target in targets)


def _texts(value: ast.expr) -> Iterator[str]:
    """The texts an expression may be: a constant, or both sides of a conditional."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)


def _is_readable(value: ast.expr) -> bool:
    """A code that stands there in full, or one that is passed on from another error; none that is put together."""
    if isinstance(value, ast.IfExp):
        return _is_readable(value.body) and _is_readable(value.orelse)
    return isinstance(value, ast.Constant | ast.Name | ast.Attribute)


def _trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in SOURCE.rglob("*.py")
    }


@cache
def _found() -> tuple[frozenset[str], tuple[str, ...]]:
    """Every code that is raised, and where one is put together; one look at all modules tells both."""
    trees = _trees()
    errors = _error_classes(list(trees.values()))
    raised = frozenset(code for tree in trees.values() for code in _codes(tree, errors))
    built = tuple(
        f"{name}:{value.lineno}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        for value in _given(node, errors)
        if not _is_readable(value)
    )
    return raised, built


def _documented() -> list[str]:
    return re.findall(r"^### `([a-z0-9_]+)`", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_code_is_documented() -> None:
    assert sorted(_found()[0] - set(_documented())) == []


def test_no_code_is_put_together() -> None:
    assert _found()[1] == ()


def test_nothing_else_is_documented() -> None:
    assert sorted(set(_documented()) - _found()[0]) == []


def test_no_code_is_documented_twice() -> None:
    assert len(_documented()) == len(set(_documented()))


def test_the_search_finds_codes_of_classes_and_of_calls() -> None:
    raised = _found()[0]
    assert {"invalid_api_key", "upstream_timeout", "missing_api_key", "no_outfit_found"} <= raised
