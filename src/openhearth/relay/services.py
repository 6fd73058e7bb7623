"""What every relayed call is carried out with."""

from typing import Protocol

import msgspec

from openhearth.config import Config
from openhearth.core.operations import Operation
from openhearth.engines.ports import EngineHost
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Ask, Shaper
from openhearth.relay.ports import Meter, Router
from openhearth.transport.wire import Client


class Open(Protocol):
    """A call under way (``relay.pipeline.Exchange``), as those see it who look after all of them."""

    @property
    def unplaced_at(self) -> str:
        """The target that answers without a place taken there; empty for none."""

    def beat(self, now_s: float) -> None: ...

    def interrupt(self) -> None: ...

    def client_gone(self) -> None: ...


class Relay(msgspec.Struct):
    """The services an exchange uses; made once by the composition root."""

    config: Config
    gate: Gate
    router: Router
    client: Client
    engines: EngineHost
    shaper: Shaper
    meter: Meter
    open: set["Open"] = msgspec.field(default_factory=set)
    stopping: bool = False

    def relays(self, operation: Operation, ask: Ask) -> bool:
        """Whether this body's model is answered by relaying bytes (and not by code of ours, or not at all)."""
        return self.router.relayable(operation, ask.model)
