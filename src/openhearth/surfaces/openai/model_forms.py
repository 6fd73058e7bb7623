"""The forms a list of models has: OpenAI's with our additions, and by their headers Anthropic's and Gemini's."""

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request

from openhearth.core.cards import EngineCard, ModelCard
from openhearth.core.errors import GatewayError
from openhearth.core.money import FREE, Price
from openhearth.core.operations import Operation
from openhearth.dialects import anthropic_models, gemini_models
from openhearth.relay.gate import key_of

ENDPOINTS: Mapping[Operation, str] = {
    Operation.CHAT: "/v1/chat/completions",
    Operation.COMPLETE: "/v1/completions",
    Operation.EMBED: "/v1/embeddings",
    Operation.RERANK: "/v1/rerank",
    Operation.MODERATE: "/v1/moderations",
    Operation.SPEECH: "/v1/audio/speech",
    Operation.TRANSCRIBE: "/v1/audio/transcriptions",
    Operation.TRANSLATE: "/v1/audio/translations",
    Operation.IMAGE_GENERATE: "/v1/images/generations",
    Operation.IMAGE_EDIT: "/v1/images/edits",
    Operation.IMAGE_VARY: "/v1/images/variations",
    Operation.IMAGE_TOOL: "/aitools/v1/images/edits",
    Operation.READ_DOCUMENT: "/v1/ocr",
}


_MORE_RATES = {
    "cached_input_micros_per_mtok": "cached_input_per_million_tokens",
    "character_micros_per_mchar": "per_million_characters",
    "audio_micros_per_hour": "per_hour_of_audio",
    "video_micros_per_hour": "per_hour_of_video",
    "page_micros_per_kpage": "per_thousand_pages",
    "search_micros_per_ksearch": "per_thousand_searches",
}


def shown(card: ModelCard) -> dict[str, object]:
    """OpenAI's object with our additions."""
    about = {"description": card.about.en, "description_zh": card.about.zh}
    value: dict[str, object] = {
        "id": card.id,
        "object": "model",
        "created": card.created,
        "owned_by": card.owned_by,
        "operations": [operation.value for operation in card.operations],
        "endpoints": [ENDPOINTS[operation] for operation in card.operations if operation in ENDPOINTS],
        "lifecycle": card.lifecycle,
        "embedded": card.is_embedded,
        "installed": card.is_installed,
        **{name: text for name, text in about.items() if text},
    }
    if card.about.context_tokens:
        value["context_length"] = card.about.context_tokens
    if card.alias_of:
        value["alias_of"] = card.alias_of
    if card.is_embedded or (card.price != FREE and card.price.is_known):
        value["pricing"] = _pricing(card.price)
    if card.engine is not None:
        value["engine"] = _engine(card.engine)
    return value


def _pricing(price: Price) -> dict[str, object]:
    """US dollars, as decimal text: money is no floating point number."""
    named = price.rates()
    return {
        "currency": "USD",
        "input_per_million_tokens": _dollars(price.input_micros_per_mtok),
        "output_per_million_tokens": _dollars(price.output_micros_per_mtok),
        "per_image": _dollars(price.image_micros),
        "per_request": _dollars(price.request_micros),
        **{name: _dollars(named[rate]) for rate, name in _MORE_RATES.items() if rate in named},
    }


def _dollars(micros: int) -> str:
    whole, rest = divmod(micros, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _engine(engine: EngineCard) -> dict[str, object]:
    words = {"fetch": engine.fetch, "progress": engine.progress}
    return {
        "state": engine.state,
        "load_s": engine.load_s,
        "memory_bytes": engine.memory_bytes,
        "queue": {"running": engine.running, "waiting": engine.waiting},
        "starts": engine.starts,
        "restarts": engine.restarts,
        **{name: text for name, text in words.items() if text},
    }


class Form(Protocol):
    """How one family asks for models and is answered."""

    @property
    def key(self) -> bytes | None:
        """The API key as this family sends it."""

    def many(self, cards: list[ModelCard]) -> object:
        """The list. Raises RequestError for a wrong parameter."""

    def one(self, card: ModelCard) -> object: ...

    def refusal(self, error: GatewayError) -> object:
        """The body of an error. Raises ``error`` itself where the app writes it in the right form anyway."""


def form_of(request: Request) -> Form:
    """``anthropic-version`` means Anthropic; ``x-goog-api-key``, or ``?key=`` and no other key, Gemini."""
    if "anthropic-version" in request.headers:
        return _Anthropic(request)
    if "x-goog-api-key" in request.headers or ("key" in request.query_params and not _key(request)):
        return _Gemini(request)
    return _OpenAI(request)


class _OpenAI:
    def __init__(self, request: Request) -> None:
        self.key = _key(request)

    def many(self, cards: list[ModelCard]) -> object:
        return {"object": "list", "data": [shown(card) for card in cards]}

    def one(self, card: ModelCard) -> object:
        return shown(card)

    def refusal(self, error: GatewayError) -> object:
        raise error


class _Anthropic:
    def __init__(self, request: Request) -> None:
        self.key = _key(request)
        self._request = request

    def many(self, cards: list[ModelCard]) -> object:
        asked = self._request.query_params
        return anthropic_models.page(
            cards,
            limit=asked.get("limit"),
            after_id=asked.get("after_id"),
            before_id=asked.get("before_id"),
            stages=[*asked.getlist("lifecycle"), *asked.getlist("lifecycle[]")],
        )

    def one(self, card: ModelCard) -> object:
        return anthropic_models.info(card)

    def refusal(self, error: GatewayError) -> object:
        return anthropic_models.error(error, self._request.scope.get("request_id", ""))


class _Gemini:
    def __init__(self, request: Request) -> None:
        key = request.headers.get("x-goog-api-key") or request.query_params.get("key", "")
        self.key = key.encode() or None
        self._request = request

    def many(self, cards: list[ModelCard]) -> object:
        asked = self._request.query_params
        return gemini_models.page(cards, size=asked.get("pageSize"), token=asked.get("pageToken"))

    def one(self, card: ModelCard) -> object:
        return gemini_models.model(card)

    def refusal(self, error: GatewayError) -> object:
        return gemini_models.error(error)


def _key(request: Request) -> bytes | None:
    return key_of(request.scope["headers"])
