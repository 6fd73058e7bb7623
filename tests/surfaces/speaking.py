"""The three families of speech over real relay and client: embedded engines with a tone for a voice, fake vendors."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec
import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from openhearth.app.parts import Parts
from openhearth.app.routes.speech import routes
from openhearth.config import Config
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Secret, Target
from openhearth.doors import asgi
from openhearth.engines.ports import EngineState
from openhearth.engines.speak.app import build
from openhearth.engines.speak.settings import SpeakSettings
from openhearth.engines.speak.voices import HIBARI, KOKORO
from openhearth.files.library import Library
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.stores.blobs.local import LocalBlobs
from openhearth.stores.sql import SqlRecords
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines
from tests.engines.speakers import Tone, speech
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.fakes.gateway import Finished, NoEngines
from tests.fakes.serving import serving
from tests.fakes.voices import KEY, Voices


class Engines(NoEngines):
    """A host of the two speech engines. ``installed`` says which have their packs."""

    def __init__(self, installed: Sequence[str]) -> None:
        self.installed = installed

    @override
    def states(self) -> list[EngineState]:
        return [EngineState(name, "ready" if name in self.installed else "not_installed") for name in (HIBARI, KOKORO)]


class Speaking(msgspec.Struct):
    """The app and what a test may look at. ``tones`` are the embedded models."""

    app: ASGIApp
    limits: Limits
    finished: Finished
    engines: Engines
    tones: dict[str, Tone]
    vendors: Voices

    async def post(
        self, path: str, body: object, *, key: str = GOOD_KEY, headers: Mapping[str, str] | None = None
    ) -> Answer:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent = {"authorization": f"Bearer {key}", "content-type": "application/json", **(headers or {})}
        return await ask(self.app, "POST", path, headers=sent, body=data)

    async def get(self, path: str) -> Answer:
        return await ask(self.app, "GET", path, headers={"authorization": f"Bearer {GOOD_KEY}"})


def vendor(up: Voices, name: str) -> Target:
    """A fake vendor as a target for any of its models."""
    dialect, base, auth, models = {
        "openai": (Dialect.OPENAI_SPEECH, "/v1", "bearer", ("tts-*",)),
        "fish": (Dialect.FISH_SPEECH, "", "bearer", ("s1", "s2-*")),
        "elevenlabs": (Dialect.ELEVENLABS_SPEECH, "/eleven", "xi-api-key", ("eleven_*",)),
    }[name]
    provider = Provider(name, name, up.url + base, speaks={Operation.SPEECH: dialect}, auth=auth, models=models)
    return Target(f"{name}-1", provider, Origin("http", "127.0.0.1", up.port), base, "*", secret=Secret(KEY))


def embedded(name: str, socket: Path) -> Target:
    provider = Provider(
        "embedded-speak", "voices", "unix:/v1", speaks={Operation.SPEECH: Dialect.OPENAI_SPEECH}, auth="none"
    )
    return Target(name, provider, Origin("unix", str(socket), 0), "/v1", name, engine=name)


class _SomeParts(msgspec.Struct):
    """What the routes of speech use of ``Parts``."""

    config: Config
    relay: Relay
    calls: Calls
    library: Library
    deadlines: Deadlines = Deadlines()
    signing_key: bytes = b"k" * 32
    screen: None = None


@asynccontextmanager
async def speaking(
    folder: Path,
    *vendors: str,
    installed: Sequence[str] = (HIBARI, KOKORO),
    ours: bool | None = None,
    config: Config | None = None,
) -> AsyncIterator[Speaking]:
    """All speech routes, over these vendors and both embedded engines (``ours``; by default where no vendor is)."""
    config = config or Config()
    limits, finished, engines = Limits(), Finished(), Engines(installed)
    tones = {HIBARI: Tone(), KOKORO: Tone()}
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(Voices())
        targets = [vendor(up, name) for name in vendors]
        for name, tone in tones.items() if (ours or not vendors) else ():
            readers = ("zh", "es") if name == KOKORO else ()
            socket = folder / f"{name}.sock"
            app = build(SpeakSettings(name, "", "", characters=config.speech.characters), speech(tone, *readers))
            settings = uvicorn.Config(app, uds=str(socket), lifespan="off", log_level="error")
            await stack.enter_async_context(serving(settings))
            targets.append(embedded(name, socket))
        client = H1Client(pool_per_origin=4)
        stack.push_async_callback(client.close)
        records = SqlRecords(f"sqlite:///{folder / 'test.db'}")
        await records.open()
        stack.push_async_callback(records.close)
        blobs = LocalBlobs(folder / "blobs")
        await blobs.open()
        gate = Gate(Keys(), limits)
        router = Router(Catalog(targets, {"voice": (HIBARI,)}), Health(config.upstream.cooldown_s))
        relay = Relay(
            config=config, gate=gate, router=router, client=client, engines=engines, shaper=Shaper(config),
            meter=finished,
        )  # fmt: skip
        made = _SomeParts(config, relay, Calls(gate, router, finished), Library(records, blobs))
        yield Speaking(asgi.app(routes(cast("Parts", made))), limits, finished, engines, tones, up)
