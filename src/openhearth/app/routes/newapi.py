"""New API's forms, put together: their services on the platform's own, their routes, and what the command line asks."""

import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.routing import BaseRoute

from openhearth.accounts.announcements import Announcements
from openhearth.accounts.groups import Groups
from openhearth.accounts.key_desk import KeyDesk
from openhearth.accounts.keys import Keys
from openhearth.accounts.option_maps import GroupMaps, PriceMaps
from openhearth.accounts.options import Options
from openhearth.accounts.prices import Prices
from openhearth.accounts.redemptions import Redemptions
from openhearth.accounts.secrets import Vault
from openhearth.accounts.sessions import Sessions
from openhearth.accounts.usage import Usage
from openhearth.accounts.users import Users
from openhearth.config import Config
from openhearth.core.provider import Provider
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog
from openhearth.routing.targets import Targets
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.newapi import SqlNewApi
from openhearth.surfaces.newapi.billing import Billing
from openhearth.surfaces.newapi.board import Board
from openhearth.surfaces.newapi.caller import Callers
from openhearth.surfaces.newapi.channel_book import ChannelBook
from openhearth.surfaces.newapi.channels import Channels
from openhearth.surfaces.newapi.logs import Logs
from openhearth.surfaces.newapi.redemption import Codes
from openhearth.surfaces.newapi.routes import Handlers, routes
from openhearth.surfaces.newapi.standing import Standings
from openhearth.surfaces.newapi.status import Status
from openhearth.surfaces.newapi.tokens import Tokens
from openhearth.surfaces.newapi.user_admin import UserAdmin
from openhearth.surfaces.newapi.users import OwnAccount, Services


class NewApiParts(msgspec.Struct, frozen=True):
    """``flushed`` is ``Ledger.flushed``; ``pepper`` that of the installation."""

    config: Config
    gate: Gate
    records: SqlRecords
    keys: Keys
    users: Users
    desk: KeyDesk
    sessions: Sessions
    groups: Groups
    prices: Prices
    usage: Usage
    targets: Targets
    catalog: Catalog
    providers: Mapping[str, Provider]
    vault: Vault
    pepper: bytes
    flushed: Callable[[], Awaitable[object]]


def newapi_routes(parts: NewApiParts) -> list[BaseRoute]:
    """All routes of New API's forms."""
    config, limits = parts.config, parts.config.limits
    records = SqlNewApi(parts.records.database)
    standings = Standings(records, parts.usage, parts.flushed)
    callers = Callers(parts.gate, parts.records)
    announcements = Announcements(records)
    redemptions = Redemptions(records, parts.records, parts.keys, parts.pepper)
    options = Options(
        records,
        parts.records,
        GroupMaps(parts.groups),
        PriceMaps(parts.prices),
        registration=config.access.registration,
    )
    account = Services(
        sessions=parts.sessions,
        users=parts.users,
        groups=parts.groups,
        redemptions=redemptions,
        options=options,
        standings=standings,
        catalog=parts.catalog,
        gate=parts.gate,
        server=config.server,
        limits=limits,
    )
    book = ChannelBook(records, parts.records, parts.targets, parts.vault.unseal)
    return routes(
        Handlers(
            callers=callers,
            gate=parts.gate,
            status=Status(
                options,
                announcements,
                parts.groups,
                parts.catalog,
                parts.gate,
                started_at=time.time(),
                address=config.server.public_url,
            ),
            account=OwnAccount(account, callers),
            users=UserAdmin(parts.users, parts.records, standings, limits, config.access.starting_micros),
            tokens=Tokens(parts.desk, records, parts.keys.digest_of, parts.vault.unseal, limits),
            logs=Logs(parts.usage, records, parts.records, standings),
            billing=Billing(records, standings, callers),
            channels=Channels(book, parts.targets, parts.catalog, parts.providers, parts.usage, limits),
            codes=Codes(redemptions, records, limits),
            board=Board(announcements, options, limits),
        )
    )
