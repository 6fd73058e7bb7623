"""Whisper, one window at a time: language, segments, words and the chance of every token.

faster-whisper's parts are used one by one, because its own loop encodes the first window twice when the language is
not given, and takes a whole recording into memory.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import Segment as Heard
from faster_whisper.transcribe import TranscriptionOptions, get_suppressed_tokens

from openhearth.core import languages
from openhearth.core.errors import RequestError
from openhearth.core.transcript import Segment, TokenChance, Word
from openhearth.engines.transcribe.audio import Samples
from openhearth.engines.transcribe.windows import Window

_AS_WHISPER = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_RESET_ABOVE = 0.5
_BEAM = 5
_BEST_OF = 2
_PROMPT_TOKENS = 223
_KEYWORD_TOKENS = 150
_CERTAIN_SILENCE = 0.9
_WEAK = -0.7
_CLEARLY = 0.8
_NAMES = {"jv": "jw"}


class Asking(msgspec.Struct, frozen=True):
    """How to hear. ``language`` empty: found out, among ``languages`` if there are any. ``temperature`` ``None``:
    Whisper's own rising list."""

    translate: bool = False
    language: str = ""
    languages: tuple[str, ...] = ()
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    temperature: float | None = None
    with_words: bool = False
    with_chances: bool = False


class Hearer:
    """A loaded model. It is never asked from two threads at once."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._whisper = WhisperModel(
            str(folder.resolve(strict=True)), device="cpu", compute_type="int8", cpu_threads=threads,
            local_files_only=True,
        )  # fmt: skip
        self._aligned = _Listening(self._whisper.model)
        self._whisper.model = self._aligned
        self._letters = _letters()

    def knows(self, code: str) -> bool:
        """Whether the model was trained on this language."""
        return self._whisper.hf_tokenizer.token_to_id(f"<|{_NAMES.get(code, code)}|>") is not None

    def listen(self, asking: Asking) -> "Listening":
        """Begin one recording. Raises RequestError for a language or a list of keywords that it cannot take."""
        for name, codes in (("language", (asking.language,)), ("languages", asking.languages)):
            for code in codes:
                if code and not self.knows(code):
                    raise RequestError(
                        f"The embedded model does not know the language '{languages.name_of(code)}'.",
                        param=name,
                        code="unknown_language",
                    )
        return Listening(self, asking)

    def tokens(self, text: str) -> list[int]:
        return list(self._whisper.hf_tokenizer.encode(f" {text.strip()}", add_special_tokens=False).ids)

    def encode(self, samples: Samples) -> tuple[Any, Any]:
        """Features of a window and what the encoder makes of them."""
        features = self._whisper.feature_extractor(samples)
        frames = min(self._whisper.feature_extractor.nb_max_frames, features.shape[-1] - 1)
        return features, self._whisper.encode(pad_or_trim(features[:, :frames]))

    def languages_of(self, encoded: Any) -> list[tuple[str, float]]:
        """Codes and probabilities, likeliest first."""
        found = self._whisper.model.detect_language(encoded)[0]
        standard = {name: code for code, name in _NAMES.items()}
        return [(standard.get(token[2:-2], token[2:-2]), float(chance)) for token, chance in found]

    def segments(
        self, features: Any, encoded: Any, language: str, asking: Asking, prompt: list[int]
    ) -> Iterator[tuple[Heard, tuple[TokenChance, ...]]]:
        """What is said in one window, with times in it."""
        whisper = self._whisper
        task = "translate" if asking.translate else "transcribe"
        tokenizer = Tokenizer(
            whisper.hf_tokenizer, whisper.model.is_multilingual, task=task, language=_NAMES.get(language, language)
        )
        options = _options(asking, prompt, tokenizer)
        for heard in whisper.generate_segments(features, tokenizer, options, False, encoded):
            text = [token for token in heard.tokens if token < tokenizer.eot]
            yield heard, self._chances(text) if asking.with_chances else ()

    def _chances(self, tokens: list[int]) -> tuple[TokenChance, ...]:
        rows = []
        for token, chance in self._aligned.take(tokens):
            data = bytes(self._letters[letter] for letter in self._whisper.hf_tokenizer.id_to_token(token))
            rows.append(TokenChance(data.decode("utf-8", "replace"), data, math.log(max(chance, 1e-12))))
        return tuple(rows)


class Listening:
    """One recording being heard, window by window, each knowing what was said before. ``languages`` are those heard, in
    order; ``probability`` is that of the first."""

    def __init__(self, hearer: Hearer, asking: Asking) -> None:
        self._hearer = hearer
        self._asking = asking
        self._keywords = hearer.tokens(", ".join(asking.keywords)) if asking.keywords else []
        if len(self._keywords) > _KEYWORD_TOKENS:
            raise RequestError(
                f"The keywords make {len(self._keywords)} tokens; the model takes {_KEYWORD_TOKENS}.",
                param="keywords",
                code="keywords_too_long",
            )
        self._before = hearer.tokens(asking.prompt) if asking.prompt else []
        self.spoken = asking.language
        self.languages: list[str] = []
        self.probability = 1.0 if asking.language else None

    def window(self, window: Window) -> Iterator[Segment]:
        """The segments of the next window, with times of the recording. ``spoken`` is the language they are in."""
        features, encoded = self._hearer.encode(window.samples)
        self._find_language(encoded)
        room = _PROMPT_TOKENS - len(self._keywords)
        prompt = [*self._keywords, *self._before[-room:]]
        for heard, chances in self._hearer.segments(features, encoded, self.spoken, self._asking, prompt):
            if heard.no_speech_prob > _CERTAIN_SILENCE and heard.avg_logprob < _WEAK:
                continue
            self._remember(heard)
            yield _placed(heard, chances, window, with_words=self._asking.with_words)

    def _find_language(self, encoded: Any) -> None:
        """The language of a window: the one given, else that of the first, until another one is heard clearly."""
        if not self._asking.language:
            found = self._hearer.languages_of(encoded)
            wanted = self._asking.languages
            language, chance = next((one for one in found if not wanted or one[0] in wanted), found[0])
            if not self.spoken:
                self.spoken, self.probability = language, chance
            elif language != self.spoken and chance > _CLEARLY:
                self.spoken, self._before = language, []  # words of another language lead astray
        if self.spoken not in self.languages:
            self.languages.append(self.spoken)

    def _remember(self, heard: Heard) -> None:
        """What was heard with too much guessing is no ground for what follows."""
        if (heard.temperature or 0.0) > _RESET_ABOVE:
            self._before = []
        else:
            self._before = [*self._before, *heard.tokens][-_PROMPT_TOKENS:]


class _Listening:
    """The model, noting the chance of each token when words are aligned: the library keeps only their mean."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._noted: list[tuple[int, float]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def align(self, encoded: Any, start: Any, tokens: list[list[int]], *rest: Any, **options: Any) -> Any:
        results = self._model.align(encoded, start, tokens, *rest, **options)
        self._noted = [
            (token, float(chance))
            for row, result in zip(tokens, results, strict=True)
            for token, chance in zip(row, result.text_token_probs, strict=False)
        ]
        return results

    def take(self, tokens: list[int]) -> list[tuple[int, float]]:
        """Tokens of one segment with their chances, in the order of the alignment."""
        for start in range(len(self._noted) - len(tokens) + 1):
            if [token for token, _ in self._noted[start : start + len(tokens)]] == tokens:
                taken = self._noted[start : start + len(tokens)]
                self._noted = self._noted[start + len(tokens) :]
                return taken
        return []


def _options(asking: Asking, prompt: list[int], tokenizer: Tokenizer) -> TranscriptionOptions:
    return TranscriptionOptions(
        beam_size=_BEAM,
        best_of=_BEST_OF,
        patience=1,
        length_penalty=1,
        repetition_penalty=1,
        no_repeat_ngram_size=0,
        log_prob_threshold=-1.0,
        no_speech_threshold=0.6,
        compression_ratio_threshold=2.4,
        condition_on_previous_text=True,
        prompt_reset_on_temperature=_RESET_ABOVE,
        temperatures=[asking.temperature] if asking.temperature else list(_AS_WHISPER),
        initial_prompt=prompt or None,
        prefix=None,
        suppress_blank=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        without_timestamps=False,
        max_initial_timestamp=1.0,
        word_timestamps=asking.with_words or asking.with_chances,
        prepend_punctuations="\"'“¿([{-",
        append_punctuations="\"'.。,，!！?？:：”)]}、",
        multilingual=False,
        max_new_tokens=None,
        clip_timestamps=[0.0],
        hallucination_silence_threshold=None,
        hotwords=None,
    )


def _placed(heard: Heard, chances: tuple[TokenChance, ...], window: Window, *, with_words: bool) -> Segment:
    words = tuple(_word(one, window) for one in heard.words or () if one.word.strip()) if with_words else ()
    start_s, end_s = (words[0].start_s, words[-1].end_s) if words else window.times(heard.start, heard.end)
    return Segment(
        start_s=start_s,
        end_s=end_s,
        text=heard.text,
        tokens=tuple(heard.tokens),
        seek_s=window.start_s,
        temperature=float(heard.temperature or 0.0),
        avg_logprob=float(heard.avg_logprob),
        compression_ratio=float(heard.compression_ratio),
        no_speech_prob=float(heard.no_speech_prob),
        words=words,
        chances=chances,
    )


def _word(one: Any, window: Window) -> Word:
    start_s, end_s = window.span(one.start, one.end)
    return Word(one.word.strip(), start_s, end_s, float(np.clip(one.probability, 0.0, 1.0)))


def _letters() -> dict[str, int]:
    """The letters that stand for bytes in byte-level vocabularies (openai/gpt-2, ``encoder.py``): printable bytes stand
    for themselves, the others for the letters from 256 on."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + place): byte for place, byte in enumerate(hidden)}
