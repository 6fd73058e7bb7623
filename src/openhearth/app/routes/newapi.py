"""New API's forms, put together: their services on the platform's own, their routes, and what the command line asks."""

import time

from starlette.routing import BaseRoute

from openhearth.accounts.announcements import Announcements
from openhearth.accounts.option_maps import GroupMaps, PriceMaps
from openhearth.accounts.options import Options
from openhearth.accounts.redemptions import Redemptions
from openhearth.accounts.usage import Usage
from openhearth.app.access import Access
from openhearth.app.accounting import Accounting
from openhearth.app.relaying import Ground, Relaying
from openhearth.providers import builtin
from openhearth.stores.sql.newapi import SqlNewApi
from openhearth.stores.sql.usage import SqlUsage
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


def newapi_routes(
    ground: Ground, accounting: Accounting, access: Access, relaying: Relaying, pepper: bytes
) -> list[BaseRoute]:
    """All routes of New API's forms. ``pepper`` is that of the installation."""
    config, limits, kept = ground.config, ground.config.limits, accounting.records
    gate, catalog = relaying.relay.gate, relaying.catalog
    records, usage = SqlNewApi(kept.database), Usage(SqlUsage(kept.database))
    standings = Standings(records, usage, accounting.ledger.flushed)
    callers = Callers(gate, kept)
    announcements = Announcements(records)
    redemptions = Redemptions(records, kept, ground.keys, pepper)
    options = Options(
        records,
        kept,
        GroupMaps(access.groups),
        PriceMaps(ground.prices),
        registration=config.access.registration,
    )
    account = Services(
        sessions=access.sessions,
        users=access.users,
        groups=access.groups,
        redemptions=redemptions,
        options=options,
        standings=standings,
        catalog=catalog,
        gate=gate,
        server=config.server,
        limits=limits,
    )
    book = ChannelBook(records, kept, relaying.targets, ground.vault.unseal)
    return routes(
        Handlers(
            callers=callers,
            status=Status(
                options,
                announcements,
                access.groups,
                catalog,
                gate,
                started_at=time.time(),
                address=config.server.public_url,
            ),
            account=OwnAccount(account, callers),
            users=UserAdmin(access.users, kept, standings, limits, config.access.starting_micros),
            tokens=Tokens(access.desk, records, ground.keys.digest_of, ground.vault.unseal, standings, limits),
            logs=Logs(usage, records, kept, standings),
            billing=Billing(records, standings, callers),
            channels=Channels(book, relaying.targets, catalog, builtin(), usage, gate, limits),
            codes=Codes(redemptions, records, limits),
            board=Board(announcements, options, limits),
        )
    )
