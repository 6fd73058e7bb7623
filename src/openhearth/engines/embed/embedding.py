"""``POST /v1/embeddings``: texts or tokens in, one vector each out (OpenAI API reference, embedding object)."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.core.errors import RequestError
from openhearth.engines.desk import Desk
from openhearth.engines.embed.pieces import Piece, pieces
from openhearth.engines.embed.requests import MOST_TOKENS, EmbedRequest, inputs, read, too_many_tokens
from openhearth.engines.embed.settings import EMBED, EmbedSettings
from openhearth.engines.embed.tokens import Tokens
from openhearth.engines.line import Ticket

Vector = npt.NDArray[np.float32]

_DIGITS = 9  # that count: as many as tell any two float32 apart, and half the text


class Graphs(Protocol):
    """A loaded encoder and reranker (``graphs.OnnxGraphs``). Every method blocks and is safe in threads."""

    dimensions: int

    def vector(self, text: str) -> Vector: ...

    def traits(self, text: str, vector: Vector) -> Vector: ...

    def judge(self, query: Vector, documents: list[Vector]) -> list[float]: ...


class Text(msgspec.Struct, frozen=True):
    """One input: its pieces (one unless it is long), and how many tokens the client is told it has."""

    pieces: list[Piece]
    tokens: int


class Embedding:
    """Checks at once, works at the desk."""

    def __init__(self, graphs: Graphs, tokens: Tokens, desk: Desk, settings: EmbedSettings) -> None:
        self._graphs = graphs
        self._tokens = tokens
        self._desk = desk
        self._settings = settings

    def read(self, body: bytes) -> tuple[EmbedRequest, tuple[str, ...]]:
        """Raises RequestError."""
        request, unknown = read(body, EmbedRequest, strict=self._settings.strict)
        most = self._graphs.dimensions
        if request.dimensions is not None and request.dimensions > most:
            raise RequestError(
                f"dimensions: this model's vectors have {most} numbers, so {request.dimensions} cannot be had.",
                param="dimensions",
                code="invalid_value",
            )
        return request, unknown

    async def answer(self, request: EmbedRequest, ticket: Ticket) -> bytes:
        """The JSON of the answer. Raises RequestError; cancelling stops within a few texts."""
        texts = await self._desk.do(ticket, self._texts, request)
        flat = [piece.text for text in texts for piece in text.pieces]
        vectors = await self._desk.each(ticket, self._graphs.vector, flat)
        return await self._desk.do(ticket, _written, request, texts, vectors)

    def _texts(self, request: EmbedRequest) -> list[Text]:
        found: list[tuple[Piece, int]] = []
        total = 0
        for given in inputs(request.input):
            if len(given) > MOST_TOKENS and not isinstance(given, str):
                raise too_many_tokens("input")
            text = given if isinstance(given, str) else self._tokens.decode(given)
            whole = Piece(text, self._tokens.count(text, MOST_TOKENS))
            found.append((whole, whole.tokens if isinstance(given, str) else len(given)))
            total += found[-1][1]
            if total > MOST_TOKENS:
                raise too_many_tokens("input")
        cut = [fitted(whole, self._settings, self._tokens.count, f"input[{at}]") for at, (whole, _) in enumerate(found)]
        return [Text(some, tokens) for some, (_, tokens) in zip(cut, found, strict=True)]


def fitted(whole: Piece, settings: EmbedSettings, count: Callable[[str], int], place: str) -> list[Piece]:
    """A text in pieces for the encoder. Raises RequestError when it is long and long ones are refused."""
    if whole.tokens > settings.piece_tokens and settings.long == "refuse":
        raise RequestError(
            f"{place} has {whole.tokens} tokens; this model takes {settings.piece_tokens}, and engines.embed_long is "
            "'refuse'. Send shorter texts, or set it to 'pool'.",
            param=place.partition("[")[0],
            code="input_too_long",
        )
    return pieces(whole, settings.piece_tokens, count)


def pooled(cut: Sequence[Piece], vectors: Sequence[Vector]) -> Vector:
    """The mean of the pieces' vectors, weighted by their tokens, of length one."""
    if len(vectors) == 1:
        return vectors[0]
    weights = np.array([max(piece.tokens, 1) for piece in cut], np.float32)
    return shortened(weights @ np.stack(vectors), len(vectors[0]))


def shortened(vector: Vector, dimensions: int) -> Vector:
    """The first ``dimensions`` numbers, of length one again."""
    part = vector[:dimensions]
    return part / np.float32(max(float(np.linalg.norm(part)), 1e-12))


def _written(request: EmbedRequest, texts: Sequence[Text], vectors: Sequence[Vector]) -> bytes:
    data: list[dict[str, Any]] = []
    at = 0
    for index, text in enumerate(texts):
        vector = pooled(text.pieces, vectors[at : at + len(text.pieces)])
        at += len(text.pieces)
        if request.dimensions is not None and request.dimensions < len(vector):
            vector = shortened(vector, request.dimensions)
        data.append({"object": "embedding", "index": index, "embedding": shown(vector, request.encoding_format)})
    tokens = sum(text.tokens for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": request.model or EMBED, "usage": usage})


def shown(vector: Vector, encoding_format: str | None) -> str | list[float]:
    """The vector for JSON. Numbers and base64 hold the very same float32."""
    if encoding_format == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    exact = vector.astype(np.float64)
    sizes = np.floor(np.log10(np.maximum(np.abs(exact), np.finfo(np.float32).tiny)))
    scales = 10.0 ** (_DIGITS - 1 - sizes)
    rounded: list[float] = (np.round(exact * scales) / scales).tolist()
    return rounded
