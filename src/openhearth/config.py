"""Every setting, as frozen values with defaults that make an empty file a working server.

One TOML file says what is true at start; ``OPENHEARTH__SECTION__KEY`` in the environment overrides one key
(lists are comma separated, nested tables are JSON). Unknown keys are refused. Nothing else in the package reads
the environment except secret references of the form ``env:NAME``.
"""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

Whole = Annotated[int, msgspec.Meta(ge=0)]
Some = Annotated[int, msgspec.Meta(ge=1)]
Span = Annotated[float, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class ConfigError(Exception):
    """A setting is wrong; the message names it and says what was expected."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where we listen and who we say we are.

    ``public_url`` is used in links we hand out; empty means the scheme and Host of the request. ``fast_door`` off
    serves everything through the ASGI app, as any other ASGI server would. ``trusted_proxies`` are the networks of
    proxies whose X-Forwarded-For is believed.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8080
    public_url: str = ""
    fast_door: bool = True
    trusted_proxies: tuple[str, ...] = ()


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every bound on size and time. Sizes in bytes, times in seconds."""

    header_bytes: Some = 32 * 1024
    header_s: Seconds = 10.0
    json_body_bytes: Some = 10 * 1024 * 1024
    body_s: Seconds = 60.0
    json_depth: Some = 64
    upload_bytes: Some = 512 * 1024 * 1024
    stream_idle_s: Seconds = 120.0
    keepalive_comment_s: Seconds = 15.0
    total_s: Seconds = 1800.0
    graceful_stop_s: Span = 30.0
    idle_connection_s: Span = 75.0
    open_connections: Some = 10_000
    write_buffer_bytes: Some = 64 * 1024
    answer_body_bytes: Some = 64 * 1024 * 1024


class Upstream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How we call providers. ``proxy`` is an ``http://[user:password@]host:port`` address for outgoing connections."""

    connect_s: Seconds = 10.0
    first_byte_s: Seconds = 300.0
    pool_per_origin: Some = 4096
    pool_idle_s: Span = 30.0
    proxy: str = ""
    no_proxy: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    ca_file: str = ""
    attempts: Some = 3
    cooldown_s: Span = 15.0


class Circuit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When nothing is sent to a target any more: ``failures`` in a row within ``window_s``, or ``error_percent`` of at
    least ``calls`` in it. After a rest one call at a time probes it; a success closes the circuit. 0 failures:
    never."""

    failures: Whole = 5
    window_s: Seconds = 30.0
    error_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    calls: Some = 20


Strategy = Literal["weighted", "latency", "affinity"]


class Routing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of a model's targets is asked. ``strategy`` is for all models, ``strategies`` for single ones;
    ``fallbacks`` names models that may answer in a model's place.

    ``queue_calls`` may wait for a place at one target, each for ``queue_s``. ``first_token_s``: a stream without a
    first event by then goes to the next target; 0: never. ``retry_percent`` of the calls of ten seconds may be tried
    again, and ``retries_always`` of them in any case.
    """

    strategy: Strategy = "weighted"
    strategies: dict[str, Strategy] = {}
    fallbacks: dict[str, tuple[str, ...]] = {}
    queue_calls: Whole = 1000
    queue_s: Span = 30.0
    first_token_s: Span = 0.0
    retry_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 10
    retries_always: Whole = 10
    circuit: Circuit = Circuit()


class Fetch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The safe fetcher of URLs that clients give. ``allow_private`` names private hosts that may be fetched.

    ``by_proxy``, where ``upstream.proxy`` is set: ``pinned`` has the proxy connect to the very address that was checked
    here, ``named`` lets it resolve the name (it must keep private networks closed itself), ``never`` goes without it.
    """

    allow_private: tuple[str, ...] = ()
    bytes: Whole = 32 * 1024 * 1024
    total_s: Seconds = 30.0
    redirects: Whole = 3
    by_proxy: Literal["pinned", "named", "never"] = "pinned"


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data lies. ``folder`` holds blobs, sockets, secrets and the first key.

    ``url`` is the database: empty for SQLite in the folder, or ``postgresql+psycopg://user:password@host/name``.
    ``shared`` is where limits are counted: ``memory`` for one process, ``database`` or a Valkey or Redis server
    (``valkey://host:port/0``, ``valkeys://`` with TLS; also ``redis://``, ``rediss://``) for several on one database.
    Every ``beat_s`` a process says that it lives and notes how far open streams have come: it is what a crash may cost.
    """

    folder: str = "data"
    url: str = ""
    shared: str = "memory"
    flush_ms: Whole = 50
    beat_s: Annotated[float, msgspec.Meta(gt=0, le=10)] = 5.0
    spool_bytes: Whole = 1024 * 1024


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What takes an embedded model's place: a local ``path`` (a file, or a folder with files named as in the pack), or
    an OpenAI-compatible server at ``url``, asked for ``model`` with the credential ``key`` (``env:NAME`` or
    ``file:PATH``)."""

    path: str = ""
    url: str = ""
    model: str = ""
    key: str = ""


class Engines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Embedded engines: which chat pack, how many at once, and what a child process may take.

    ``budget_bytes`` is what all of them together may hold; 0 means six tenths of the memory. ``request_s`` ends an
    engine that works on one request for longer. ``replace`` puts something else in a model's place, by its id.

    ``embed_long``: a text too long for one vector gets the mean of its pieces (``pool``) or is refused (``refuse``).
    """

    enabled: bool = True
    chat: tuple[str, ...] = (
        "qwen2.5-coder-0.5b-instruct",
        "qwen2.5-coder-1.5b-instruct",
        "smollm2-135m-instruct",
    )
    chat_slots: Some = 2
    chat_context: Some = 8192
    queue: Whole = 32
    threads: Whole = 0
    memory_bytes: Some = 6 * 1024**3
    edit_s: Seconds = 120.0
    picture_pixels: Some = 40_000_000
    embed_long: Literal["pool", "refuse"] = "pool"
    start_s: Seconds = 120.0
    idle_unload_s: Span = 900.0
    preload: bool = False
    budget_bytes: Whole = 0
    request_s: Seconds = 1800.0
    replace: dict[str, Replacement] = {}


class Hubs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base addresses of the model hubs, or of mirrors that answer in the same form; empty switches one off."""

    huggingface: str = "https://huggingface.co"
    modelscope: str = "https://modelscope.cn"


class Packs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Model packs. ``folder`` empty means the user's cache folder, shared by all checkouts. ``sources`` are folders
    looked at before any download. ``fetch_on_use`` fetches what a first call needs; that call waits ``fetch_wait_s``
    at most."""

    folder: str = ""
    sources: tuple[str, ...] = ()
    hubs: Hubs = Hubs()
    fetch_on_use: bool = False
    fetch_wait_s: Span = 20.0


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pictures we make and keep."""

    keep_days: Whole = 30
    per_call: Some = 10


class Transcripts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Speech to text. ``audio_s`` bounds a recording for the embedded Whisper, ``relay_bytes`` a file that goes on to a
    provider. ``chinese`` is the script in which the embedded Whisper gives Chinese.
    """

    audio_s: Seconds = 14_400.0
    relay_bytes: Some = 25 * 1024 * 1024
    chinese: Literal["simplified", "traditional", "as_heard"] = "simplified"


class Speech(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text to speech. ``characters`` is the longest input that the embedded voices take at once."""

    characters: Some = 4096


class Documents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reading of documents. ``file_bytes`` bounds a file, ``pages`` what one call reads of it; ``document_s`` and
    ``page_s`` bound the embedded reader."""

    file_bytes: Some = 64 * 1024 * 1024
    pages: Some = 200
    document_s: Seconds = 600.0
    page_s: Seconds = 120.0


class Moderation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For keys held to moderation: the ``model`` that checks, and after how many characters of a stream, or seconds,
    what has come is checked and let go."""

    model: str = "local-moderation"
    window_chars: Some = 200
    window_s: Span = 2.0


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What calls cost. ``unknown``: a model without a price is ``free`` (and marked so), or its calls are refused
    (``refuse``). ``seed``: prices of known providers come with the release."""

    unknown: Literal["free", "refuse"] = "free"
    seed: bool = True


class Idempotency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answers kept for requests with an ``Idempotency-Key``: for how long, and up to what size. Bodies of up to
    ``inline_bytes`` lie in the database, larger ones with the files."""

    keep_s: Span = 86_400.0
    answer_bytes: Whole = 64 * 1024 * 1024
    inline_bytes: Whole = 64 * 1024


class Cache(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exact-match answer cache, in memory. ``bytes`` and ``entries`` bound all of it, ``answer_bytes`` one answer,
    ``age_s`` how long any is kept. Keys and requests say whether they want it."""

    bytes: Whole = 64 * 1024 * 1024
    entries: Whole = 10_000
    answer_bytes: Whole = 1024 * 1024
    age_s: Whole = 86_400


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signing in. ``registration``: anybody may make an account, which begins with ``starting_micros`` of USD; with
    ``"option"`` while New API's option RegisterEnabled is true. A session lasts ``session_s``; ``tries`` wrong
    passwords within ``tries_s`` close a username (five times as many: an address). ``show_keys`` keeps new API keys
    sealed, so that they can be shown again; otherwise nobody can.
    """

    registration: bool | Literal["option"] = False
    starting_micros: Whole = 0
    session_s: Seconds = 7 * 86_400.0
    tries: Some = 10
    tries_s: Seconds = 900.0
    show_keys: bool = False


class UsageKeeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days single calls, and sums by the hour, are kept; 0: for ever. Sums by the day are always kept.

    A call that is removed stays in every balance, spend and sum; it can no longer be listed or explained.
    """

    keep_days: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    keep_hours_days: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration. ``aliases`` maps a name clients use to a model; the text ``openai`` is a preset."""

    server: Server = Server()
    limits: Limits = Limits()
    upstream: Upstream = Upstream()
    routing: Routing = Routing()
    fetch: Fetch = Fetch()
    store: Store = Store()
    engines: Engines = Engines()
    packs: Packs = Packs()
    media: Media = Media()
    documents: Documents = Documents()
    transcripts: Transcripts = Transcripts()
    speech: Speech = Speech()
    moderation: Moderation = Moderation()
    prices: Prices = Prices()
    usage: UsageKeeping = UsageKeeping()
    access: Access = Access()
    idempotency: Idempotency = Idempotency()
    cache: Cache = Cache()
    aliases: str | dict[str, str] = {}
    strict_fields: bool = False
    log_level: str = "info"


ENV_PREFIX = "OPENHEARTH__"


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The effective configuration from ``path`` (may be absent) and the environment.

    Raises ConfigError naming the wrong setting.
    """
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"Cannot read {path}: {error.strerror}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: {error}") from error
    for name, text in environ.items():
        if name.startswith(ENV_PREFIX):
            _override(tree, name, text)
    try:
        config = msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"Configuration: {error}") from error
    if name := _no_number(msgspec.to_builtins(config)):
        raise ConfigError(f"Configuration: {name} is not a number.")
    return config


def _no_number(value: object, name: str = "") -> str:
    """Which setting is NaN: no bound refuses it, and every comparison with it fails."""
    if isinstance(value, dict):
        found = (_no_number(part, f"{name}.{key}" if name else str(key)) for key, part in value.items())
        return next(filter(None, found), "")
    return name if isinstance(value, float) and math.isnan(value) else ""


def _override(tree: dict[str, Any], name: str, text: str) -> None:
    *sections, key = name[len(ENV_PREFIX) :].lower().split("__")
    place: Any = Config
    node = tree
    for section in sections:
        place = _field(place, section, name)
        node = node.setdefault(section, {})
    node[key] = _value(_field(place, key, name), text, name)


def _field(struct: Any, key: str, name: str) -> Any:
    for field in msgspec.structs.fields(struct) if isinstance(struct, type) else ():
        if field.name == key:
            return field.type
    raise ConfigError(f"Environment variable {name} names no setting.")


def _value(kind: Any, text: str, name: str) -> Any:
    if kind == tuple[str, ...]:
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind is not str and text.startswith("{"):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ConfigError(f"Environment variable {name}: {error}") from error
    return text
