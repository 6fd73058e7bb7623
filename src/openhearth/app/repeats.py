"""Answers given again, put together: the records behind ``Idempotency-Key`` and the answer cache."""

from collections.abc import Awaitable, Callable, Collection

import msgspec

from openhearth.config import Config
from openhearth.relay.services import Relay
from openhearth.stores.ports import Blobs
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.repeats import SqlRepeats
from openhearth.surfaces.repeats.cached import AnswerCache
from openhearth.surfaces.repeats.keeper import Keeper
from openhearth.surfaces.repeats.shelf import Shelf


class Repeats(msgspec.Struct, frozen=True):
    """``keeper`` wants ``sweep_on`` to run; both are handed to ``surfaces.repeats.routes.repeating``."""

    keeper: Keeper
    cache: AnswerCache


def open_repeats(
    config: Config,
    records: SqlRecords,
    blobs: Blobs,
    relay: Relay,
    *,
    version: Callable[[], int],
    secret: bytes,
    boot_id: str,
    alive: Callable[[], Awaitable[Collection[str]]],
) -> Repeats:
    """``version`` is the catalog's; ``alive`` names the boots of the processes that serve on these records."""

    async def charge(call_id: str) -> int | None:
        entry = await records.entry(call_id)
        return None if entry is None else entry.charge_nanos

    return Repeats(
        Keeper(SqlRepeats(records.database), blobs, config.idempotency, secret=secret, boot_id=boot_id, alive=alive),
        AnswerCache(
            config.cache,
            config.limits,
            shelf=Shelf(config.cache),
            charge=charge,
            version=version,
            relays=relay.router.relayable,
        ),
    )
