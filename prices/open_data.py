"""Reads the data file of genai-prices as a syntax tree: figures are taken, nothing of the package is run.

The file is Python source with nested calls of data classes (``Provider(id=…, models=[ModelInfo(…)])``). Meaning of the
fields: https://github.com/pydantic/genai-prices, ``types.py`` of the same wheel.
"""

import ast
import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

Rates = dict[str, "Decimal | Tiered"]


class Tiered(msgspec.Struct, frozen=True):
    """A rate that is another one for prompts above ``steps[n][0]`` tokens; it then counts for all tokens."""

    start: Decimal
    steps: tuple[tuple[int, Decimal], ...]


class Dated(msgspec.Struct, frozen=True):
    """One entry of a model's prices. Of those that apply, the last counts."""

    rates: Rates
    start_date: datetime.date | None = None
    hours: str = ""


class Variant(msgspec.Struct, frozen=True):
    """Rates that replace the usual ones where ``when`` is true of a request."""

    when: dict[str, str]
    entry: Dated


class OpenModel(msgspec.Struct, frozen=True):
    """``names`` are those the model is known by; a name that ends in ``*`` counts by its beginning."""

    id: str
    names: tuple[str, ...]
    entries: tuple[Dated, ...]
    variants: tuple[Variant, ...]


def models_of(source: str) -> dict[str, list[OpenModel]]:
    """Every model by the source's name of its provider."""
    found: dict[str, list[OpenModel]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _called(node) == "Provider":
            fields = _fields(node)
            found[_literal(fields["id"])] = [_model(_fields(model)) for model in _items(fields["models"])]
    return found


def _model(fields: dict[str, ast.expr]) -> OpenModel:
    prices = fields["prices"]
    entries = [_dated(item) for item in _items(prices)] if isinstance(prices, ast.List) else [Dated(_rates(prices))]
    name = _literal(fields["id"])
    names = {name: None, **dict.fromkeys(_names(fields["match"]))}
    return OpenModel(name, tuple(names), tuple(entries), tuple(_variants(fields.get("price_variants"))))


def _variants(node: ast.expr | None) -> Iterator[Variant]:
    for item in _items(node):
        yield Variant(_literal(_fields(item)["when"]), _dated(item))


def _dated(node: ast.expr) -> Dated:
    fields = _fields(node)
    rates = _rates(fields["prices"])
    constraint = fields.get("constraint")
    if not isinstance(constraint, ast.Call):
        return Dated(rates)
    limits = _fields(constraint)
    if _called(constraint) == "StartDateConstraint":
        return Dated(rates, start_date=_date(limits["start_date"]))
    return Dated(rates, hours=f"{_time(limits['start_time'])}-{_time(limits['end_time'])}")


def _rates(node: ast.expr) -> Rates:
    return {name: _rate(value) for name, value in _fields(node).items()}


def _rate(node: ast.expr) -> "Decimal | Tiered":
    if _called(node) == "Decimal":
        return _decimal(node)
    fields = _fields(node)
    steps = [_fields(step) for step in _items(fields["tiers"])]
    return Tiered(
        _decimal(fields["base"]), tuple(sorted((_literal(step["start"]), _decimal(step["price"])) for step in steps))
    )


def _names(node: ast.expr) -> Iterator[str]:
    """Names a clause surely means. Parts of names and patterns are left out: rather no price than a wrong one."""
    kind, fields = _called(node), _fields(node)
    if kind == "ClauseEquals":
        yield _literal(fields["equals"])
    elif kind == "ClauseStartsWith":
        yield _literal(fields["starts_with"]) + "*"
    elif kind == "ClauseOr":
        for part in _items(fields["or_"]):
            yield from _names(part)


def _date(node: ast.expr) -> datetime.date:
    assert isinstance(node, ast.Call)
    year, month, day = map(_literal, node.args)
    return datetime.date(year, month, day)


def _time(node: ast.expr) -> str:
    assert isinstance(node, ast.Call)
    zone = next((ast.unparse(word.value) for word in node.keywords if word.arg == "tzinfo"), "datetime.UTC")
    if zone not in ("datetime.UTC", "datetime.timezone.utc"):
        raise ValueError(f"A time of day in another zone: {zone}")
    hour, minute = map(_literal, node.args[:2])
    return f"{hour:02}:{minute:02}"


def _decimal(node: ast.expr) -> Decimal:
    assert isinstance(node, ast.Call)
    return Decimal(_literal(node.args[0]))


def _called(node: ast.expr) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _fields(node: ast.expr) -> dict[str, ast.expr]:
    if not isinstance(node, ast.Call):
        raise ValueError(f"Not a value of the known form: {ast.unparse(node)[:200]}")
    return {word.arg or "": word.value for word in node.keywords}


def _items(node: ast.expr | None) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List) else []


def _literal(node: ast.expr) -> Any:
    return ast.literal_eval(node)
