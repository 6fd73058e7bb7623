"""How well the embedded moderation does on the labelled texts: precision and recall per category and language."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LANGUAGES = ("en", "zh")
PAGES = {"en": ROOT / "docs" / "guides" / "moderation.md", "zh": ROOT / "docs" / "guides" / "moderation.zh-CN.md"}
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEADS = {
    "en": "| category | English: precision | recall | of | Chinese: precision | recall | of |",
    "zh": "| 类别 | 英语：精确率 | 召回率 | 条数 | 中文：精确率 | 召回率 | 条数 |",
}
ANY = {"en": "any category", "zh": "任意类别"}
HARMLESS = {
    "en": "Harmless sentences flagged: {en}, {zh} (English, Chinese); most of them were written to look harmful.",
    "zh": "无害句子被误报：英语 {en}，中文 {zh}；其中大多数是特意写得容易误判的。",
}

Flags = Callable[[str], frozenset[str]]


class Labelled(msgspec.Struct, frozen=True):
    text: str
    labels: frozenset[str]
    language: str


class Counts(msgspec.Struct, frozen=True):
    """Texts of one category: rightly flagged, wrongly flagged, missed."""

    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 1.0


class Measured(msgspec.Struct, frozen=True):
    """``by`` is keyed by category (``any`` for all together) and language; ``harmless`` by language."""

    by: dict[tuple[str, str], Counts]
    harmless: dict[str, tuple[int, int]]


def load_texts() -> list[Labelled]:
    """All labelled texts."""
    return [
        Labelled(text, frozenset(group["labels"]), language)
        for language in LANGUAGES
        for group in tomllib.loads((HERE / f"texts_{language}.toml").read_text(encoding="utf-8"))["group"]
        for text in group["texts"]
    ]


def measure(flags: Flags, categories: Iterable[str], texts: Iterable[Labelled]) -> Measured:
    """``flags`` gives the flagged categories of a text."""
    said = [(one, flags(one.text)) for one in texts]
    by: dict[tuple[str, str], Counts] = {}
    harmless: dict[str, tuple[int, int]] = {}
    for language in LANGUAGES:
        ours = [(one.labels, found) for one, found in said if one.language == language]
        for category in categories:
            by[category, language] = _counts([(category in labels, category in found) for labels, found in ours])
        by["any", language] = _counts([(bool(labels), bool(found)) for labels, found in ours])
        good = [bool(found) for labels, found in ours if not labels]
        harmless[language] = (sum(good), len(good))
    return Measured(by, harmless)


def _counts(pairs: list[tuple[bool, bool]]) -> Counts:
    return Counts(
        hits=sum(is_so and is_said for is_so, is_said in pairs),
        false=sum(is_said and not is_so for is_so, is_said in pairs),
        missed=sum(is_so and not is_said for is_so, is_said in pairs),
    )


def table(measured: Measured, page: str) -> str:
    """The Markdown between the marks of a page (``en`` or ``zh``)."""
    lines = [HEADS[page], "|---|---|---|---|---|---|---|"]
    for category in dict.fromkeys(category for category, _ in measured.by):
        cells = [ANY[page] if category == "any" else f"`{category}`"]
        for language in LANGUAGES:
            counts = measured.by[category, language]
            cells += [f"{counts.precision:.2f}", f"{counts.recall:.2f}", str(counts.hits + counts.missed)]
        lines.append(f"| {' | '.join(cells)} |")
    shown = {language: f"{flagged} / {count}" for language, (flagged, count) in measured.harmless.items()}
    return "\n".join([*lines, "", HARMLESS[page].format(**shown)])


def published(page: str) -> str:
    """What a page says now."""
    text = PAGES[page].read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()


def publish(measured: Measured, page: str) -> None:
    """Put the table into a page."""
    text = PAGES[page].read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGES[page].write_text(f"{text[:start]}\n{table(measured, page)}\n{text[end:]}", encoding="utf-8")
