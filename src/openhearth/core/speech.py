"""Speech asked for and speech made, in a form of our own: OpenAI's fields, and what other families say besides.

An order keeps the client's own body, so that an upstream of the same family gets every field of it; the canonical
request is for upstreams of another family.
"""

import re
from collections.abc import AsyncGenerator
from functools import cache
from typing import Protocol

import msgspec

from openhearth.core.envelope import Envelope
from openhearth.core.provider import Dialect, Target
from openhearth.core.texts import texts_in, texts_of, unrepeated

MIMES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "ulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
}

_NO_TEXT = frozenset({
    "model", "model_id", "voice", "reference_id", "response_format", "stream_format", "format", "language_code",
    "latency", "audio",
})  # fmt: skip
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_PARTICLE = re.compile(r"\b(?:de|del|da|do|dos|di|du|la|von|van)(?:\s+(?:la|las|los|der))?\s+(?=[A-ZÁÉÍÓÚÑ])")
_SPANISH_SIGNS = re.compile(r"[¿¡ñÑ]")
# The commonest words of each: enough to tell apart what a reader would get wrong.
_COMMON = {
    "es": """el la los las un una unos unas de del al y o que en es por para con sin su sus se lo le les me te nos mi
        muy más pero como está están son hola gracias buenos buenas días tardes noches qué cómo cuándo dónde quién
        porque también este esta estos estas ese esa hay ser fue ha han hoy mañana ayer usted ustedes yo él ella""",
    "en": """the a an of to and in is it that for on with as are was be this have from or at by not you i he she we they
        his her my your our there what which who will would can could has had do does did but if so no yes hello""",
    "fr": """le la les un une des du de et est en que qui dans pour pas sur avec ce cette ces il elle nous vous je tu
        mon ma mes son sa ses au aux mais ou où donc très bonjour merci c'est j'ai n'est plus être avoir sont était""",
    "de": """der die das ein eine einen und ist in zu den dem des nicht mit von für auf im sich auch es ich du wir ihr
        sie aber oder wie was wer haben hat sind war wird werden noch nur schon guten tag danke bei nach über""",
    "it": """il lo la gli le un una di del della dei e è che in per con non si sono come ma anche più questo questa nel
        nella al alla io tu noi voi loro ciao grazie buongiorno perché essere ha hanno molto""",
    "pt": """o a os as um uma de do da dos das e é que em no na nos nas por para com não se mais mas como ao à eu tu ele
        ela nós você vocês isso este esta são está muito também olá obrigado bom dia foi ser ter""",
}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


class SpeechRequest(msgspec.Struct, frozen=True):
    """What is to be said and how. ``rate`` (Hz), ``bit_rate`` (bits per second), ``volume_db`` and ``language`` (two
    letters) are 0 or empty when not asked for. ``timestamps``: the time of each character is wanted. ``asked`` names
    the fields that the client set."""

    model: str
    text: str
    voice: str = ""
    format: str = "mp3"
    speed: float = 1.0
    instructions: str = ""
    language: str = ""
    rate: int = 0
    bit_rate: int = 0
    volume_db: float = 0.0
    timestamps: bool = False
    events: bool = False
    asked: frozenset[str] = frozenset()


class SpeechOrder(msgspec.Struct, frozen=True):
    """A request as the client wrote it. ``body`` is in the form of ``dialect``; ``place`` and ``query`` are the rest of
    its path and its query where that form has them."""

    request: SpeechRequest
    dialect: Dialect
    body: Envelope
    place: str = ""
    query: str = ""
    raw: bytes = b""
    content_type: str = "application/json"


def said(order: SpeechOrder) -> list[str]:
    """Every text in an order: what is to be spoken, and what else its own family's model is told. The fields of its
    body are written anew as ``core.texts.texts_in`` says. Raises RequestError (``invalid_value``)."""
    found = [order.request.text, order.request.instructions, *texts_in(order.body.fields, _NO_TEXT)]
    if order.raw:
        coding = msgspec.json if order.content_type == "application/json" else msgspec.msgpack
        found += texts_of(coding.decode(order.raw), _NO_TEXT)
    return unrepeated(found)


class Alignment(msgspec.Struct, frozen=True):
    """The time in seconds at which each character begins and ends."""

    characters: tuple[str, ...]
    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]


class SpeechOpened(msgspec.Struct, frozen=True):
    """The first event. ``relayed``: what follows is in the client's own form already and is passed on as it is."""

    content_type: str
    relayed: bool
    dropped: tuple[str, ...] = ()


class SpeechAudio(msgspec.Struct, frozen=True):
    """A piece of the file, and what is said in it: the characters as written, and as they were read out."""

    data: bytes
    alignment: Alignment | None = None
    normalized: Alignment | None = None


class SpeechDone(msgspec.Struct, frozen=True):
    """The last event. Tokens are 0 where nobody says."""

    input_tokens: int = 0
    output_tokens: int = 0


SpeechEvent = SpeechOpened | SpeechAudio | SpeechDone


class SpeechDriver(Protocol):
    """Asks one target."""

    def speak(self, target: Target, order: SpeechOrder) -> AsyncGenerator[SpeechEvent, None]:
        """``SpeechOpened``, then pieces, ``SpeechDone`` last. Closing it stops the work upstream.

        Raises UpstreamErrors, and RequestErrors for what this target cannot do.
        """


def model_at(target: Target, request: SpeechRequest) -> str:
    """What the target itself calls the model: an alias of ours means nothing to it."""
    return target.upstream_model or (request.model if target.model == "*" else target.model)


def language_of(text: str) -> str:
    """``zh`` by the script, or the language whose commonest words are most; empty when there is no evidence.

    One word proves nothing about a language that is neither English nor Spanish.
    """
    if _HAN.search(text):
        return "zh"
    words = [word.lower() for word in _WORD.findall(_PARTICLE.sub("", text[:2000]))]
    found = {code: sum(word in common for word in words) for code, common in _common().items()}
    found["es"] += 2 * len(_SPANISH_SIGNS.findall(text[:2000]))
    best = max(found, key=lambda code: (found[code], code in ("en", "es"), code == "en"))
    return best if found[best] >= (1 if best in ("en", "es") else 2) else ""


@cache
def _common() -> dict[str, frozenset[str]]:
    return {code: frozenset(text.split()) for code, text in _COMMON.items()}


def input_tokens(text: str) -> int:
    """A fair guess of the text's tokens: four bytes of UTF-8 each, at least one."""
    return max(1, (len(text.encode()) + 3) // 4)
