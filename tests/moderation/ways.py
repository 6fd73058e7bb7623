"""Every way to a model, and how its traffic is looked at; every other route that a key opens, and why it is not.

A new route needs a row here (``WAYS``) or a reason (``NO_MODEL``). Routes that ask more than a key has (accounts,
administration) send no caller's words to a model: the test of a target asks it something of ours.
"""

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from tests.fakes.media import png
from tests.permissions.families import COHERE, ELEVENLABS, EVERY_FORM, FISH, OPENAI, TEXTIN, Family

GOOD, VILE = "a fine day", "a vile day"
FINE_PICTURE, VILE_PICTURE = png(8, 8), png(7, 7)
SOUND = f"data:audio/ogg;base64,{base64.b64encode(b'OggS' + bytes(2000)).decode()}"

Sent = tuple[str, Any]
"""A path with its query, and a body: JSON, or bytes of MessagePack. Without a body it is a GET."""


class Given(msgspec.Struct, frozen=True):
    """What stands where a way takes text, and where it takes a picture."""

    text: str = GOOD
    picture: bytes = FINE_PICTURE

    @property
    def uri(self) -> str:
        return f"data:image/png;base64,{base64.b64encode(self.picture).decode()}"


HARMLESS = Given()
VILE_WORDS, VILE_SIGHT = Given(text=VILE), Given(picture=VILE_PICTURE)
Ask = Callable[[Given], Sent]


class Way(msgspec.Struct, frozen=True):
    """``before`` are requests with the text or the picture at each place that is looked at before a model is asked, and
    ``after`` those whose answer is looked at. In place of either stands why there is nothing to look at."""

    before: tuple[Ask, ...] | str
    after: tuple[Ask, ...] | str
    family: Family = OPENAI


_VECTORS = "an answer of numbers"
_SCORES = "an answer of scores, and of what the caller sent"
_SOUND = "sound: it says the text that was looked at before"
_PAGES = "a page is seen for what it says once it has been read"


def _chat(path: str, field: str) -> Way:
    model = "gpt-4o-mini" if field == "messages" else "gpt-3.5-turbo-instruct"

    def body(value: Any, **others: object) -> Sent:
        return path, {"model": model, field: value, **others}

    if field != "messages":
        asks: tuple[Ask, ...] = (
            lambda it: body(it.text),
            lambda it: body([GOOD, it.text]),
            lambda it: body(GOOD, suffix=it.text),
        )
    else:
        asks = (
            lambda it: body([{"role": "user", "content": it.text}]),
            lambda it: body([{"role": "system", "content": it.text}, {"role": "user", "content": GOOD}]),
            lambda it: body([{"role": "user", "content": [
                {"type": "text", "text": it.text}, {"type": "image_url", "image_url": {"url": it.uri}}]}]),
            lambda it: body([{"role": "user", "content": GOOD}], a_field_of_theirs={"deep": [it.text]}),
        )  # fmt: skip
    whole, *_ = asks
    return Way(asks, (whole, lambda it: (path, {**whole(it)[1], "stream": True})))


def _drawn(path: str, model: str = "gpt-image-1", *, has_prompt: bool = True, takes: bool = True, **more: Any) -> Way:
    def ask(it: Given, **others: Any) -> Sent:
        prompt = {"prompt": it.text} if has_prompt else {}
        picture = {"image": it.uri} if takes else {}
        return path, {**({"model": model} if model else {}), **prompt, **picture, **more, **others}

    asks: tuple[Ask, ...] = (ask,)
    if has_prompt:
        asks += (lambda it: ask(HARMLESS, negative_prompt=it.text), lambda it: ask(HARMLESS, style=it.text))
    return Way(asks, (ask,))


def _ranked(path: str, family: Family) -> Way:
    def ask(query: str, *documents: object, **more: object) -> Sent:
        return path, {"model": "jina-reranker-v3", "query": query, "documents": [*documents, "another"], **more}

    return Way(
        (
            lambda it: ask(it.text, "one"),
            lambda it: ask(GOOD, it.text),
            lambda it: ask(GOOD, {"text": GOOD, "more": {"deep": it.text}}),
            lambda it: ask(GOOD, {"title": it.text, "text": GOOD}, rank_fields=["title", "text"]),
            lambda it: ask(GOOD, "one", instruction=it.text),
        ),
        _SCORES,
        family,
    )


def _spoken(path: str, family: Family, body: dict[str, Any], *fields: str) -> Way:
    def at(field: str) -> Ask:
        return lambda it: (path, {**body, field: it.text})

    return Way(tuple(at(field) for field in fields), _SOUND, family)


def _fish() -> Way:
    json = _spoken("/fish/v1/tts", FISH, {"model": "s1", "text": GOOD}, "text")
    assert isinstance(json.before, tuple)

    def packed(it: Given) -> Sent:
        return "/fish/v1/tts", msgspec.msgpack.encode({"model": "s1", "text": it.text})

    def cloned(it: Given) -> Sent:
        references = [{"audio": "T2dnUw==", "text": it.text}]
        return "/fish/v1/tts", {"model": "s1", "text": GOOD, "references": references}

    def linked(it: Given) -> Sent:
        return "/fish/v1/tts?response_format=url", {"model": "s1", "text": it.text}

    return Way((*json.before, packed, cloned, linked), _SOUND, FISH)


def _heard(path: str, model: str) -> Way:
    def ask(it: Given, **more: object) -> Sent:
        return path, {"model": model, "file": SOUND, "prompt": it.text, **more}

    def wanted(form: str, **more: object) -> Ask:
        return lambda it: ask(it, response_format=form, **more)

    forms = ("json", "text", "srt", "vtt", "verbose_json")
    before: tuple[Ask, ...] = (ask, lambda it: ask(HARMLESS, keywords=[it.text]), lambda it: ask(it, stream=True))
    return Way(before, (*map(wanted, forms), wanted("json", stream=True)))


def _heard_natively() -> Way:
    def ask(it: Given, **more: object) -> Sent:
        return "/elevenlabs/v1/speech-to-text", {"model_id": "scribe_v1", "file": SOUND, **more}

    def other(it: Given) -> Sent:
        return "/elevenlabs/v1/speech-to-text", {"model_id": "whisper-1", "file": SOUND, "keyterms": [it.text]}

    return Way((lambda it: ask(it, keyterms=[it.text]), other), (ask, other), ELEVENLABS)


def _read(*paths: str, family: Family = OPENAI, field: str = "image") -> Way:
    def at(path: str) -> Ask:
        return lambda it: (path, {"model": "textin", field: it.uri})

    return Way(_PAGES, tuple(at(path) for path in paths), family)


_TOOLS = "/aitools/v1/recraft/v1/images"
_DOCUMENTS = "/aitools/v1/document-intelligence"
_SERVICES = ("pdf_to_markdown", "text_recognize_3d1", "table", "bill_recognize_v2", "crop_enhance_image", "dewarp",
             "watermark-remove")  # fmt: skip
_ELEVEN = "/elevenlabs/v1/text-to-speech"


def _embedded(path: str) -> Way:
    def ask(text: Any) -> Sent:
        return path, {"model": "text-embedding-3-small", "input": text}

    return Way((lambda it: ask(it.text), lambda it: ask([GOOD, it.text])), _VECTORS)


def _eleven(kind: str) -> Way:
    body = {"model_id": "eleven_multilingual_v2", "text": GOOD}
    return _spoken(f"{_ELEVEN}/someone{kind}", ELEVENLABS, body, "text", "previous_text", "next_text")


def _linked() -> Way:
    def ask(it: Given) -> Sent:
        uri = it.uri.replace("+", "%2B")
        return f"/beta/image?model=recraftv3&task=matting&url={uri}", None

    return Way((ask,), (ask,))


WAYS: dict[str, Way] = {
    "POST /v1/chat/completions": _chat("/v1/chat/completions", "messages"),
    "POST /v1/completions": _chat("/v1/completions", "prompt"),
    "POST /v1/embeddings": _embedded("/v1/embeddings"),
    "POST /v1/engines/{model:path}/embeddings": _embedded("/v1/engines/text-embedding-3-small/embeddings"),
    "POST /v1/rerank": _ranked("/v1/rerank", EVERY_FORM),
    "POST /v2/rerank": _ranked("/v2/rerank", COHERE),
    "POST /v1/v2/rerank": _ranked("/v1/v2/rerank", COHERE),
    "POST /v1/images/generations": _drawn("/v1/images/generations", takes=False),
    "POST /v1/images/edits": _drawn("/v1/images/edits"),
    "POST /v1/images/variations": _drawn("/v1/images/variations", "dall-e-2", has_prompt=False),
    "POST /v1/audio/speech": _spoken(
        "/v1/audio/speech", OPENAI, {"model": "gpt-4o-mini-tts", "input": GOOD, "voice": "alloy"}, "input",
        "instructions",
    ),
    "POST /fish/v1/tts": _fish(),
    **{f"POST {_ELEVEN}/{{voice}}{kind}": _eleven(kind)
       for kind in ("", "/stream", "/with-timestamps", "/stream/with-timestamps")},
    "POST /v1/audio/transcriptions": _heard("/v1/audio/transcriptions", "whisper-1"),
    "POST /v1/audio/translations": _heard("/v1/audio/translations", "whisper-1"),
    "POST /elevenlabs/v1/speech-to-text": _heard_natively(),
    "POST /v1/ocr": _read("/v1/ocr"),
    "POST /aitools/v1/document-intelligence/{service}": _read(*(f"{_DOCUMENTS}/{name}" for name in _SERVICES)),
    **{f"POST /textin/v1/{path}": _read(f"/textin/v1/{path}", family=TEXTIN, field=field)
       for path, field in (("pdf_to_markdown", "data"), ("image/watermark_remove", "image"),
                           ("crop_enhance_image", "data"))},
    "POST /aitools/v1/images": _drawn("/aitools/v1/images", "recraftv3", has_prompt=False, task="matting"),
    "POST /aitools/v1/images/edits": _drawn("/aitools/v1/images/edits", "recraftv3/matting", has_prompt=False),
    f"POST {_TOOLS}/generations": _drawn(f"{_TOOLS}/generations", takes=False),
    f"POST {_TOOLS}/{{tool}}": _drawn(f"{_TOOLS}/removeBackground", "", has_prompt=False),
    "GET /beta/image": _linked(),
}  # fmt: skip

_OBJECTS = "the caller's own objects: no model is asked"
_TOLD = "tells of models, voices, calls or use: no model is asked"

NO_MODEL: dict[str, str] = {
    "POST /v1/moderations": "it is the moderation",
    "POST /fish/model": "a voice's recording goes to Fish Audio; what that voice says is looked at when it speaks",
    **dict.fromkeys(
        (
            "GET /v1/images/{picture_id}/lineage",
            "DELETE /v1/images/{picture_id}",
            "POST /v1/files",
            "GET /v1/files",
            "GET /v1/files/{file_id}",
            "DELETE /v1/files/{file_id}",
            "GET /v1/files/{file_id}/content",
        ),
        _OBJECTS,
    ),
    **dict.fromkeys(
        (
            "GET /v1/models",
            "GET /v1/models/{name:path}",
            "GET /v1/audio/voices",
            "GET /fish/model",
            "GET /fish/model/{voice}",
            "GET /elevenlabs/v1/voices",
            "GET /v1/usage",
            "GET /v1/usage/series",
            "GET /v1/usage/calls",
            "GET /v1/generation",
            "GET /v1/calls/{id}",
            "GET /v1/calls/{id}/explain",
            "GET /v1/calls/{id}/receipt",
            "GET /api/log/token",
            "GET /api/usage/token",
            "GET /oneapi/token",
            "GET /v1/credits",
            "GET /v1/dashboard/billing/credit_grants",
            "GET /v1/dashboard/billing/subscription",
            "GET /v1/dashboard/billing/usage",
        ),
        _TOLD,
    ),
}
