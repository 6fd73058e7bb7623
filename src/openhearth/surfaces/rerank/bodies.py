"""Rerank requests of both families, read into the canonical form; what is wrong is named."""

from typing import Annotated

import msgspec

from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError
from openhearth.core.provider import Dialect
from openhearth.core.rerank import Document, RerankRequest
from openhearth.core.texts import texts_in, texts_of, unrepeated

EMBEDDED = "nano-rerank"
_MOST_DOCUMENTS = 10_000  # Cohere, best practices for rerank
_LONGEST_NAME = 256
_TEXT = "text"
_NO_TEXT = frozenset({"rank_fields", "return_documents"})
_READ_HERE = frozenset({"model", "query", "documents", "top_n"})

Positive = Annotated[int, msgspec.Meta(ge=1)]
Names = Annotated[list[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1, max_length=64)]
Whole = Annotated[int, msgspec.Meta(ge=0)]
Priority = Annotated[int, msgspec.Meta(ge=0, le=999)]


class Query(msgspec.Struct, forbid_unknown_fields=True):
    """A query as Jina also takes it. One with a picture is refused: by its words alone it would be another query."""

    text: str


class Order(msgspec.Struct, frozen=True):
    """A request understood, and whether the documents are wanted back."""

    request: RerankRequest
    return_documents: bool


def read_order(envelope: Envelope, form: Dialect) -> Order:
    """The body of ``/v1/rerank`` (Jina's form and Cohere's first) or of ``/v2/rerank`` (Cohere's second).

    Raises RequestError naming the field.
    """
    options = {name: raw for name, raw in envelope.fields.items() if name not in _READ_HERE and bytes(raw) != b"null"}
    _check(envelope)
    request = RerankRequest(
        model=_model(envelope, form),
        query=_query(envelope),
        documents=_documents(envelope),
        form=form,
        top_n=envelope.get("top_n", Positive),
        options=options,
    )
    # Jina gives documents back unless told not to; a client of Cohere's, who is used to none, is not disturbed.
    return Order(request, envelope.get("return_documents", bool) is not False)


def looked_into(order: Order) -> tuple[Order, list[str]]:
    """The order as it is to be sent, and every text in it. Raises RequestError (``invalid_value``)."""
    request = order.request
    options = dict(request.options)
    texts = [request.query, *texts_in(options, _NO_TEXT)]
    for document in request.documents:
        texts += unrepeated([document.text, *texts_of(document.given)])
    return msgspec.structs.replace(order, request=msgspec.structs.replace(request, options=options)), texts


def _check(envelope: Envelope) -> None:
    """Fields that targets read: their kinds and bounds."""
    envelope.get("truncation", bool)
    for name in ("max_chunks_per_doc", "max_tokens_per_doc"):
        envelope.get(name, Positive)
    envelope.get("overlap_tokens", Whole)
    envelope.get("priority", Priority)


def _model(envelope: Envelope, form: Dialect) -> str:
    if form is Dialect.COHERE_RERANK:
        envelope.require("model", str)
    model = envelope.get("model", str)
    if model is None:
        return EMBEDDED
    if not model or len(model) > _LONGEST_NAME:
        raise RequestError("Field 'model' must have 1 to 256 characters.", param="model", code="invalid_value")
    return model


def _query(envelope: Envelope) -> str:
    given = envelope.require("query", str | Query)  # type: ignore[arg-type]
    query = given.text if isinstance(given, Query) else str(given)
    if not query.strip():
        raise RequestError("Field 'query' is empty: there is nothing to rank by.", param="query", code="invalid_value")
    return query


def _documents(envelope: Envelope) -> tuple[Document, ...]:
    given = envelope.require("documents", list[str | dict[str, object]])
    fields = envelope.get("rank_fields", Names) or [_TEXT]
    if not given:
        raise _wrong("Field 'documents' is an empty list: there is nothing to rank.")
    if len(given) > _MOST_DOCUMENTS:
        raise _wrong(f"Field 'documents' has {len(given)} entries; at most {_MOST_DOCUMENTS} are taken.")
    return tuple(_document(one, fields, at) for at, one in enumerate(given))


def _document(given: str | dict[str, object], fields: list[str], at: int) -> Document:
    """A document and its text: itself, or its fields by which it is ranked, in their order."""
    if isinstance(given, str):
        text = given
    else:
        found = [(name, _words(given[name])) for name in fields if given.get(name) is not None]
        if not found:
            raise _wrong(f"documents[{at}] has no field {' or '.join(repr(name) for name in fields[:5])} to rank by.")
        # Several fields are told apart by their names, as Cohere advises for structured documents.
        text = found[0][1] if len(found) == 1 else "\n".join(f"{name}: {words}" for name, words in found)
    if not text:
        raise _wrong(f"documents[{at}] is empty.")
    return Document(text, given)


def _words(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _wrong(message: str) -> RequestError:
    return RequestError(message, param="documents", code="invalid_value")
