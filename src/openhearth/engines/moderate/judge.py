"""From several weak witnesses to one verdict: word lists, profanity model, nearest examples, picture networks.

Each category is a chance that not all evidence for it is wrong; ``data/thresholds.toml`` says how much each witness
counts and from where on a category is flagged.
"""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import msgspec

from openhearth.engines.moderate.categories import CATEGORIES, Scores, either, with_parents
from openhearth.engines.moderate.nearest import Nearest, Sentences, load_examples, pieces_of
from openhearth.engines.moderate.nudity import Nsfw, Parts
from openhearth.engines.moderate.pictures import open_picture
from openhearth.engines.moderate.profanity import Profanity
from openhearth.engines.moderate.settings import ModerateSettings
from openhearth.engines.moderate.words import Words


class _Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    nearest: float
    words: float


class _Profanity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    start: float
    most: float


class _Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    nsfw_from: float
    nude_from: float
    nude: tuple[str, ...]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``data/thresholds.toml``."""

    thresholds: dict[str, float]
    weights: _Weights
    profanity: _Profanity
    picture: _Picture

    def verdict(self, evidence: Sequence[Mapping[str, float]]) -> Scores:
        """One score per category from what the parts of an input say, main categories with their parts."""
        highest = {category: max((one.get(category, 0.0) for one in evidence), default=0.0) for category in CATEGORIES}
        return with_parents(highest)

    def flagged(self, scores: Scores) -> dict[str, bool]:
        """The verdict per category, a main category with its parts."""
        over = {category: scores[category] >= self.thresholds[category] for category in CATEGORIES}
        return {
            category: over[category] or any(over[part] for part in CATEGORIES if part.startswith(f"{category}/"))
            for category in CATEGORIES
        }


def load_rules() -> Rules:
    place = resources.files("openhearth.engines.moderate") / "data" / "thresholds.toml"
    return msgspec.convert(tomllib.loads(place.read_text(encoding="utf-8")), Rules)


class Judge:
    """All witnesses, loaded once. Every method blocks for a fraction of a second at most."""

    def __init__(self, settings: ModerateSettings) -> None:
        threads = settings.used_threads
        self.rules = load_rules()
        self._words = Words()
        self._profanity = Profanity(Path(settings.profanity))
        self._nearest = Nearest(Sentences(Path(settings.sentences), threads), load_examples())
        self._nsfw = Nsfw(Path(settings.nsfw), threads)
        nudity = Path(settings.nudity) if settings.nudity else None
        self._parts = Parts(nudity, threads) if nudity is not None and nudity.is_file() else None
        self._most_pixels = settings.picture_pixels

    def words(self, text: str) -> Scores:
        """What the word lists say about a whole text."""
        return {category: score * self.rules.weights.words for category, score in self._words.scores(text).items()}

    def meaning(self, pieces: Sequence[str]) -> Scores:
        """What nearest examples and the profanity model say about pieces of a text, the highest of each category."""
        scores = {
            category: score * self.rules.weights.nearest for category, score in self._nearest.scores(pieces).items()
        }
        rude = max((self._profanity.probability(piece) for piece in pieces), default=0.0)
        start, most = self.rules.profanity.start, self.rules.profanity.most
        scores["harassment"] = either(scores.get("harassment", 0.0), most * max(0.0, (rude - start) / (1 - start)))
        return scores

    def text(self, text: str) -> Scores:
        """Everything about one short text at once; a long one is better taken in portions."""
        return combined(self.words(text), self.meaning(pieces_of(text)))

    def flags(self, text: str) -> frozenset[str]:
        """The flagged categories of one short text."""
        flagged = self.rules.flagged(self.rules.verdict([self.text(text)]))
        return frozenset(category for category, is_flagged in flagged.items() if is_flagged)

    def picture(self, data: bytes, param: str) -> Scores:
        """How sexual a picture is. Raises what ``open_picture`` raises."""
        picture = open_picture(data, most_pixels=self._most_pixels, param=param)
        rules = self.rules.picture
        threshold = self.rules.thresholds["sexual"]
        score = _stretched(self._nsfw(picture), rules.nsfw_from, threshold)
        if self._parts is not None:
            found = self._parts(picture)
            seen = max(found.get(name, 0.0) for name in rules.nude)
            score = max(score, _stretched(seen, rules.nude_from, threshold))
        return {"sexual": score}


def combined(words: Scores, meaning: Scores) -> Scores:
    """Both kinds of evidence about one text."""
    return {category: either(words.get(category, 0.0), meaning.get(category, 0.0)) for category in CATEGORIES}


def _stretched(score: float, start: float, threshold: float) -> float:
    """The score moved so that ``start`` lies at the threshold; 0 and 1 stay."""
    if score < start:
        return score / start * threshold
    return threshold + (score - start) / (1 - start) * (1 - threshold)
