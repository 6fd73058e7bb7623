"""Request bodies as typed values: what is understood is checked, what is not is listed, nothing is guessed.

Field names and bounds follow the OpenAI API reference for chat completions and completions; ``top_k``, ``min_p`` and
``repeat_penalty`` are what local runtimes add.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from openhearth.core.errors import RequestError
from openhearth.engines.chat.tools import Tool

NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]
Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
Bias = Annotated[float, msgspec.Meta(ge=-100, le=100)]
MOST = 2**31 - 1  # the runtime counts in 32 bits and would go round
Count = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
Choices = Annotated[int, msgspec.Meta(ge=1, le=8)]
Stops = str | Annotated[list[NonEmpty], msgspec.Meta(max_length=16)] | None

MOST_PROMPTS = 64
QUIET = frozenset({"user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"})


class StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool = False


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """What both kinds of request share. ``None`` means that the client did not say."""

    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Choices | None = None
    max_tokens: Count | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0, le=MOST)] | None = None
    min_p: Share | None = None
    seed: int | None = None
    stop: Stops = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    repeat_penalty: Annotated[float, msgspec.Meta(ge=0.5, le=2)] | None = None
    logit_bias: dict[str, Bias] | None = None

    @property
    def choices(self) -> int:
        return self.n or 1

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)


class Function(msgspec.Struct, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_.-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolEntry(msgspec.Struct, frozen=True):
    function: Function
    type: Literal["function"] = "function"


class CalledFunction(msgspec.Struct, frozen=True):
    name: str
    arguments: str = "{}"


class ToolCall(msgspec.Struct, frozen=True):
    function: CalledFunction
    id: str = ""
    type: str = "function"


class Message(msgspec.Struct, frozen=True):
    """One turn. ``content`` is text, a list of parts, or absent (an assistant's turn with calls only)."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None


class JsonSchema(msgspec.Struct, frozen=True):
    schema: dict[str, Any] = {}
    name: str = ""
    strict: bool | None = None
    description: str | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    def schema(self) -> dict[str, Any] | None:
        """The schema the answer must follow, if any."""
        if self.type == "text":
            return None
        return self.json_schema.schema if self.json_schema and self.json_schema.schema else {"type": "object"}


class ChatRequest(Sampling, frozen=True, kw_only=True):
    """``POST /v1/chat/completions``."""

    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    max_completion_tokens: Count | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    tools: list[ToolEntry] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None

    def known_tools(self) -> tuple[Tool, ...]:
        return tuple(
            Tool(entry.function.name, entry.function.description or "", entry.function.parameters or {})
            for entry in self.tools or ()
        )


class CompletionRequest(Sampling, frozen=True, kw_only=True):
    """``POST /v1/completions``."""

    prompt: str | list[str | int | list[int]] | None = None
    echo: bool | None = None
    suffix: str | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=5)] | None = None
    best_of: Choices | None = None


Kind = TypeVar("Kind", bound=Sampling)


def read_chat(body: bytes) -> tuple[ChatRequest, tuple[str, ...]]:
    """The request and the names of fields that are not understood. Raises RequestError naming the wrong field."""
    request, dropped = _read(body, ChatRequest)
    if request.top_logprobs is not None and not request.logprobs:
        raise RequestError("top_logprobs needs logprobs: true.", param="top_logprobs")
    form = request.response_format
    if form is not None and form.type == "json_schema" and form.json_schema is None:
        raise RequestError(
            "response_format of the type json_schema needs a json_schema.",
            param="response_format.json_schema",
            code="missing_field",
        )
    _check_bias(request)
    return request, dropped


def read_completion(body: bytes) -> tuple[CompletionRequest, tuple[str, ...]]:
    """Like ``read_chat``."""
    request, dropped = _read(body, CompletionRequest)
    if request.suffix:
        raise RequestError("This model cannot fill in before a suffix. Send the prompt alone.", param="suffix")
    if request.best_of is not None and request.best_of != request.choices:
        raise RequestError("best_of is answered only when it equals n.", param="best_of")
    if request.echo and not all(isinstance(prompt, str) for prompt in prompts(request)):
        raise RequestError("echo needs a prompt of text, not of tokens.", param="echo")
    _check_bias(request)
    return request, dropped


def prompts(request: CompletionRequest) -> list[str | list[int]]:
    """Each prompt of a completion request. Raises RequestError where one is empty, and for a list of several kinds."""
    prompt = request.prompt
    if not prompt:
        raise RequestError(
            "prompt is required: these models do not go on from nothing.", param="prompt", code="missing_field"
        )
    if isinstance(prompt, str):
        return [prompt]
    tokens = [one for one in prompt if isinstance(one, int)]
    texts = [one for one in prompt if not isinstance(one, int)]
    if tokens and not texts:
        return [tokens]
    if tokens or len(texts) > MOST_PROMPTS or not all(texts):
        raise RequestError(
            f"prompt must be a text, a list of 1 to {MOST_PROMPTS} prompts that are not empty, or a list of tokens.",
            param="prompt",
        )
    return texts


def _check_bias(request: Sampling) -> None:
    for token in request.logit_bias or ():
        if not (token.isascii() and token.isdigit() and int(token[:11]) <= MOST):
            raise RequestError(f"logit_bias: {token!r} is not a token number.", param="logit_bias")


def _read(body: bytes, kind: type[Kind]) -> tuple[Kind, tuple[str, ...]]:
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        request = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise _wrong_field(str(error)) from error
    except msgspec.DecodeError as error:
        raise RequestError(f"The body is not valid JSON: {error}") from error
    known = set(kind.__struct_fields__) | QUIET
    unknown = tuple(name for name, value in fields.items() if name not in known and value is not None)
    return request, unknown


def _wrong_field(said: str) -> RequestError:
    """What msgspec said of a field, or of the body as a whole when one is missing there."""
    text, _, path = said.partition(" - at `$")
    path = path.strip("`.").removeprefix("[...]")  # a field whose name msgspec does not say
    param = path.partition(".")[0].partition("[")[0]
    missing = "" if path else text.partition("missing required field `")[2].rstrip("`")
    return RequestError(f"{path or missing or 'body'}: {text}", param=param or missing or None)
