"""Answers given again, put together: the records behind ``Idempotency-Key`` and the answer cache."""

from collections.abc import Awaitable, Callable, Collection, Iterator

import msgspec
from starlette.routing import BaseRoute

from openhearth.relay.services import Relay
from openhearth.stores.blob_ports import Blobs
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.repeats import SqlRepeats
from openhearth.surfaces.repeats import showing
from openhearth.surfaces.repeats.cached import AnswerCache
from openhearth.surfaces.repeats.keeper import Keeper
from openhearth.surfaces.repeats.routes import repeating
from openhearth.surfaces.repeats.shelf import Shelf


class Repeats(msgspec.Struct, frozen=True):
    """``keeper`` wants ``sweep_on`` to run. ``lines`` belong on the page of metrics."""

    relay: Relay
    keeper: Keeper
    cache: AnswerCache

    def added_to(self, routes: list[BaseRoute]) -> list[BaseRoute]:
        """All of ``routes`` and those of the cache, made to answer again."""
        every = [*routes, *showing.routes(self.cache, self.relay.gate)]
        repeating(every, self.keeper, self.cache, self.relay.config.limits)
        return every

    def lines(self) -> Iterator[str]:
        return showing.cache_lines(self.cache)


def open_repeats(
    relay: Relay,
    records: SqlRecords,
    blobs: Blobs,
    *,
    version: Callable[[], int],
    secret: bytes,
    boot_id: str,
    alive: Callable[[], Awaitable[Collection[str]]],
) -> Repeats:
    """``version`` is the catalog's; ``alive`` names the boots of the processes that serve on these records."""
    config = relay.config

    async def charge(call_id: str) -> int | None:
        entry = await records.entry(call_id)
        return None if entry is None else entry.charge_nanos

    keeper = Keeper(
        SqlRepeats(records.database), blobs, config.idempotency, secret=secret, boot_id=boot_id, alive=alive
    )
    cache = AnswerCache(
        config.cache,
        config.limits,
        shelf=Shelf(config.cache),
        charge=charge,
        version=version,
        relays=relay.router.relayable,
    )
    return Repeats(relay, keeper, cache)
