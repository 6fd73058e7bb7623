"""Every setting, as frozen values with defaults that make an empty file a working server.

One TOML file says what is true at start; ``OPENHEARTH__SECTION__KEY`` in the environment overrides one key
(lists are comma separated, nested tables are JSON). Unknown keys are refused. Nothing else in the package reads
the environment except secret references of the form ``env:NAME``.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec


class ConfigError(Exception):
    """A setting is wrong; the message names it and says what was expected."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where we listen and who we say we are.

    ``public_url`` is used in links we hand out; empty means the scheme and Host of the request.
    ``fast_door`` off serves everything through the ASGI app, as any other ASGI server would.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    fast_door: bool = True


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every bound on size and time. Sizes in bytes, times in seconds."""

    header_bytes: int = 32 * 1024
    header_s: float = 10.0
    json_body_bytes: int = 10 * 1024 * 1024
    body_s: float = 60.0
    json_depth: int = 64
    upload_bytes: int = 512 * 1024 * 1024
    stream_idle_s: float = 120.0
    keepalive_comment_s: float = 15.0
    total_s: float = 1800.0
    graceful_stop_s: float = 30.0
    idle_connection_s: float = 75.0
    open_connections: int = 10_000
    write_buffer_bytes: int = 64 * 1024
    answer_body_bytes: int = 64 * 1024 * 1024


class Upstream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How we call providers. ``proxy`` is an ``http://[user:password@]host:port`` address for outgoing connections."""

    connect_s: float = 10.0
    first_byte_s: float = 300.0
    pool_per_origin: int = 4096
    pool_idle_s: float = 30.0
    proxy: str = ""
    no_proxy: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    ca_file: str = ""
    attempts: int = 3
    cooldown_s: float = 15.0


class Fetch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The safe fetcher of URLs that clients give. ``allow_private`` names private hosts that may be fetched.

    ``by_proxy``, where ``upstream.proxy`` is set: ``pinned`` has the proxy connect to the very address that was checked
    here, ``named`` lets it resolve the name (it must keep private networks closed itself), ``never`` goes without it.
    """

    allow_private: tuple[str, ...] = ()
    bytes: int = 32 * 1024 * 1024
    total_s: float = 30.0
    redirects: int = 3
    by_proxy: Literal["pinned", "named", "never"] = "pinned"


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data lies. ``folder`` holds the database, blobs, sockets, secrets and the first key."""

    folder: str = "data"
    flush_ms: int = 50
    spool_bytes: int = 1024 * 1024


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
    chat_slots: int = 2
    chat_context: int = 8192
    queue: int = 32
    threads: int = 0
    memory_bytes: int = 6 * 1024**3
    edit_s: float = 120.0
    picture_pixels: int = 40_000_000
    embed_long: Literal["pool", "refuse"] = "pool"
    start_s: float = 120.0
    idle_unload_s: float = 900.0
    preload: bool = False
    budget_bytes: int = 0
    request_s: float = 1800.0
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
    fetch_wait_s: float = 20.0


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pictures we make and keep."""

    keep_days: int = 30
    per_call: int = 10


class Transcripts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Speech to text. ``audio_s`` bounds a recording for the embedded Whisper, ``relay_bytes`` a file that goes on to a
    provider. ``chinese`` is the script in which the embedded Whisper gives Chinese.
    """

    audio_s: float = 14_400.0
    relay_bytes: int = 25 * 1024 * 1024
    chinese: Literal["simplified", "traditional", "as_heard"] = "simplified"


class Speech(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text to speech. ``characters`` is the longest input that the embedded voices take at once."""

    characters: int = 4096


class Documents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reading of documents. ``file_bytes`` bounds a file, ``pages`` what one call reads of it; ``document_s`` and
    ``page_s`` bound the embedded reader."""

    file_bytes: int = 64 * 1024 * 1024
    pages: int = 200
    document_s: float = 600.0
    page_s: float = 120.0


class Moderation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For keys held to moderation: the ``model`` that checks, and after how many characters of a stream, or seconds,
    what has come is checked and let go."""

    model: str = "local-moderation"
    window_chars: int = 200
    window_s: float = 2.0


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What calls cost. ``unknown``: a model without a price is ``free`` (and marked so), or its calls are refused
    (``refuse``). ``seed``: prices of known providers come with the release."""

    unknown: Literal["free", "refuse"] = "free"
    seed: bool = True


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration. ``aliases`` maps a name clients use to a model; the text ``openai`` is a preset."""

    server: Server = Server()
    limits: Limits = Limits()
    upstream: Upstream = Upstream()
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
        return msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"Configuration: {error}") from error


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
