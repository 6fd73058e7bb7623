"""Everything about who may do what, put together: accounts on the records, their routes, the start of a database."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.routing import BaseRoute

from openhearth.accounts.groups import BindModels, Groups
from openhearth.accounts.key_desk import KeyDesk
from openhearth.accounts.keys import Keys
from openhearth.accounts.passwords import Passwords
from openhearth.accounts.projects import Orgs, Projects
from openhearth.accounts.rotation import Rotation
from openhearth.accounts.secrets import Vault
from openhearth.accounts.sessions import Sessions
from openhearth.accounts.users import Users
from openhearth.config import Config
from openhearth.relay.gate import Gate
from openhearth.stores.sql import SqlRecords
from openhearth.surfaces.account.routes import routes as account_routes
from openhearth.surfaces.admin import audit, groups, keys, tenants, users
from openhearth.telemetry.log import Log

_NOTE_WITHIN_S = 5.0
_LOOK_EVERY_S = 60.0


class Access:
    """The services of accounts. ``bind_models`` (``accounts.limits.Limits.bind_models``) is told of models' limits."""

    def __init__(
        self,
        config: Config,
        records: SqlRecords,
        known: Keys,
        vault: Vault,
        *,
        bind_models: BindModels | None = None,
        passwords: Passwords | None = None,
        may_register: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._config = config
        self._records = records
        self.passwords = passwords or Passwords()
        self.keys = known
        known.seal = vault.seal if config.access.show_keys else None
        self.users = Users(records, known, self.passwords)
        self.desk = KeyDesk(known, self.users, records)
        self.sessions = Sessions(records, known, self.users, self.passwords, config.access, may_register=may_register)
        self.groups = Groups(records, known, bind_models=bind_models)
        self.orgs = Orgs(records, known)
        self.projects = Projects(records, known)
        self.rotation = Rotation(vault, records, Path(config.store.folder))

    async def start(self) -> str:
        """Make what always is there. Root's password if root was made now, to be shown this once; empty otherwise."""
        password = await self.users.found()
        await self.groups.load()
        return password

    async def look(self) -> None:
        """Take over what other processes say of models, and write down when keys were used. Runs until it is
        cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self._note_uses()
            try:
                await self.groups.load()
            except Exception as error:
                # Whatever the store's trouble is, the limits we know stay in force.
                Log("access").error("limits of models cannot be read", error=type(error).__name__)

    async def close(self) -> None:
        """Write down when keys were used; let the threads of passwords end."""
        self.passwords.close()
        await self._note_uses()

    async def _note_uses(self) -> None:
        try:
            async with asyncio.timeout(_NOTE_WITHIN_S):
                await self.keys.note_uses()
        except Exception as error:
            # Whatever the store's trouble is, they are known here until it is over.
            Log("access").error("last uses of keys cannot be written", error=type(error).__name__)

    def routes(self, gate: Gate) -> list[BaseRoute]:
        """Keys, users, organisations, projects, groups, the audit log, and the caller's own account."""
        limits, server = self._config.limits, self._config.server
        return [
            *keys.routes(self.desk, gate, limits),
            *users.routes(self.users, gate, limits),
            *tenants.routes(self.orgs, self.projects, gate, limits),
            *groups.routes(self.groups, gate, limits),
            *audit.routes(self._records, self.rotation, gate),
            *account_routes(self.sessions, self.users, gate, server, limits),
        ]
