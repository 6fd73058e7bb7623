"""The published numbers of the embedded moderation are those it has, and they do not fall."""

import re
import tomllib

import pytest

from openhearth.engines.moderate.categories import CATEGORIES, parent_of
from openhearth.engines.moderate.judge import Judge
from openhearth.engines.moderate.nearest import load_examples
from tests.engines.moderation_packs import settings
from tests.moderation.measured import (
    HERE,
    LANGUAGES,
    PAGES,
    Labelled,
    Measured,
    load_texts,
    measure,
    published,
    table,
)

FLOORS = tomllib.loads((HERE / "floors.toml").read_text(encoding="utf-8"))
TEXTS = load_texts()


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(Judge(settings()).flags, CATEGORIES, TEXTS)


def _numbers(text: str) -> list[float]:
    rows = [line for line in text.splitlines() if line.startswith("| `") or re.match(r"\| (any|任意)", line)]
    return [float(cell) for row in rows for cell in row.split("|")[2:-1]]


@pytest.mark.parametrize("page", PAGES)
def test_the_published_table_is_not_stale(measured: Measured, page: str) -> None:
    """Processors round differently: one sentence more or less in a cell is no other result."""
    fresh, shown = table(measured, page), published(page)
    assert [line.split("|")[1] for line in fresh.splitlines() if line.startswith("| ")] == [
        line.split("|")[1] for line in shown.splitlines() if line.startswith("| ")
    ]
    cells = [(category, language) for category in (*CATEGORIES, "any") for language in LANGUAGES]
    numbers, known = _numbers(fresh), _numbers(shown)
    assert len(numbers) == len(known) == 3 * len(cells)
    for at, cell in enumerate(cells):
        counts = measured.by[cell]
        one = 1 / max(1, counts.hits + counts.missed) + 0.006
        assert numbers[3 * at : 3 * at + 3] == pytest.approx(known[3 * at : 3 * at + 3], abs=max(one, 0.02)), cell


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("category", [*(one for one in CATEGORIES if parent_of(one) == one), "any"])
def test_no_main_category_falls_below_its_floor(measured: Measured, category: str, language: str) -> None:
    precision, recall = FLOORS[language][category]
    counts = measured.by[category, language]
    assert counts.precision >= precision
    assert counts.recall >= recall


def test_what_is_measured_was_not_learnt() -> None:
    assert {one.text for one in TEXTS} & {example.text for example in load_examples()} == set()


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold())


def test_examples_and_texts_stand_there_once() -> None:
    examples = [_plain(example.text) for example in load_examples()]
    texts = [_plain(one.text) for one in TEXTS]
    assert len(examples) == len(set(examples))
    assert len(texts) == len(set(texts))
    assert set(texts) & set(examples) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_texts_of_every_main_category(language: str) -> None:
    """At least 20: those of the category, and those that are easily mistaken for it."""
    ours = tomllib.loads((HERE / f"texts_{language}.toml").read_text(encoding="utf-8"))["group"]
    for category in (one for one in CATEGORIES if parent_of(one) == one):
        count = sum(
            len(group["texts"]) for group in ours if category in group["labels"] or group.get("about") == category
        )
        assert count >= 20, category


def test_every_label_is_a_category_and_has_its_parent() -> None:
    for one in [*TEXTS, *(Labelled(e.text, frozenset(e.categories), e.language) for e in load_examples())]:
        assert one.labels <= set(CATEGORIES)
        assert {parent_of(label) for label in one.labels} <= one.labels, one.text
