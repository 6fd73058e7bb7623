"""Request bodies as typed values: what is understood is checked, what is not is named or refused.

Embeddings follow the OpenAI API reference ("Create embeddings"), rerank the Jina reranker API with the fields that
other services with its form have added (``max_chunks_per_doc``, ``overlap_tokens``, ``max_tokens_per_doc``).
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from openhearth.core.errors import NotTranslatable, RequestError

MOST_INPUTS = 2048
MOST_TOKENS = 300_000
MOST_DOCUMENTS = 1000

Numbers = list[int]


class EmbedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/embeddings``. ``input`` is checked by ``inputs``."""

    input: Any
    model: str = ""
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None
    user: str | None = None


class RerankRequest(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/rerank``."""

    query: Annotated[str, msgspec.Meta(min_length=1)]
    documents: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_DOCUMENTS)]
    model: str = ""
    top_n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    return_documents: bool | None = None
    max_chunks_per_doc: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_tokens_per_doc: Annotated[int, msgspec.Meta(ge=1)] | None = None
    overlap_tokens: Annotated[int, msgspec.Meta(ge=0, le=128)] | None = None
    truncation: bool | None = None


Kind = TypeVar("Kind", EmbedRequest, RerankRequest)


def read(body: bytes, kind: type[Kind], *, strict: bool) -> tuple[Kind, tuple[str, ...]]:
    """The request and the names of fields that are not understood. Raises RequestError naming the wrong field."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        request = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise _wrong(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"The body is not valid JSON: {error}", code="invalid_json") from error
    known = {field.name for field in msgspec.structs.fields(kind)}
    unknown = tuple(name for name, value in fields.items() if name not in known and value is not None)
    if strict and unknown:
        raise NotTranslatable(f"The embedded model does not know the field '{unknown[0][:64]}'.", param=unknown[0][:64])
    return request, unknown


def inputs(given: Any) -> list[str | Numbers]:
    """Every text or list of tokens of an ``input``. Raises RequestError (``param`` is ``input``)."""
    if isinstance(given, str):
        listed: list[Any] = [given]
    elif isinstance(given, list) and given and all(_is_number(one) for one in given):
        listed = [given]
    elif isinstance(given, list):
        listed = given
    else:
        raise _input("must be a text, a list of texts, a list of tokens or a list of those")
    if not listed:
        raise _input("is an empty list: there is nothing to embed")
    if len(listed) > MOST_INPUTS:
        raise _input(f"has {len(listed)} entries; one request takes at most {MOST_INPUTS}")
    kind = type(listed[0])
    for at, one in enumerate(listed):
        _check(one, kind, f"[{at}]" if isinstance(given, list) and listed is given else "")
    return listed


def too_many_tokens(param: str) -> RequestError:
    return RequestError(
        f"'{param}' has more than {MOST_TOKENS} tokens, the most that one request takes. Split it into several.",
        param=param,
        code="too_many_tokens",
    )


def _check(one: Any, kind: type, place: str) -> None:
    if not isinstance(one, str | list) or type(one) is not kind:
        raise _input(f"{place} is neither a text nor a list of tokens, or of another kind than the first".lstrip())
    if not one:
        raise _input(f"{place} is empty: an empty text has no vector".lstrip())
    if isinstance(one, list) and not all(_is_number(number) for number in one):
        raise _input(f"{place} must hold token numbers only".lstrip())


def _is_number(one: Any) -> bool:
    return isinstance(one, int) and not isinstance(one, bool)


def _input(what: str) -> RequestError:
    joint = "" if what.startswith("[") else " "
    return RequestError(f"input{joint}{what}.", param="input", code="invalid_value")


def _wrong(error: msgspec.ValidationError) -> RequestError:
    text, _, path = str(error).partition(" - at `$")
    place = path.strip("`.")
    param = place.partition(".")[0].partition("[")[0]
    if "missing required field" in text:
        param = text.rpartition("`")[0].rpartition("`")[2]
        return RequestError(f"'{param}' is required.", param=param, code="missing_field")
    return RequestError(f"{place or 'body'}: {text}", param=param or None, code="invalid_value")
