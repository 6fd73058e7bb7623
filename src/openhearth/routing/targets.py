"""The targets an operator attaches: kept as records, put into the catalog at once, tested on request."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from openhearth.config import ConfigError, Upstream
from openhearth.core.errors import Conflict, GatewayError, NotFound, RequestError
from openhearth.core.ids import new_id
from openhearth.core.money import FREE
from openhearth.core.operations import Operation
from openhearth.core.provider import OPENAI_COMPATIBLE, Provider, Target
from openhearth.core.rates import card_of, price_of
from openhearth.engines.ports import EngineHost
from openhearth.routing.catalog import ANY, Catalog, Model, is_open
from openhearth.routing.health import Health
from openhearth.routing.target_forms import (
    LIMITS,
    AuditOf,
    NewTarget,
    Probe,
    TargetChange,
    check_names,
    limits_of,
    origin_of,
)
from openhearth.routing.target_ports import NoPrices, PriceBook, Vault
from openhearth.stores.ports import TargetRecord, TargetRecords
from openhearth.telemetry.log import Log
from openhearth.transport.auth import auth_headers
from openhearth.transport.collect import collect
from openhearth.transport.head import head, host_header
from openhearth.transport.wire import Client, Deadlines, Outgoing

_LIST_KEPT_S = 600.0
_LEARN_S = 3.0


class _Listed(msgspec.Struct):
    id: str


class _List(msgspec.Struct):
    data: list[_Listed] = []


class Targets:
    """Attach, detach, list, test."""

    def __init__(
        self,
        records: TargetRecords,
        catalog: Catalog,
        health: Health,
        vault: Vault,
        client: Client,
        providers: Mapping[str, Provider],
        upstream: Upstream,
        environ: Mapping[str, str],
        *,
        engines: EngineHost,
        on_removed: Callable[[str], None],
        prices: PriceBook | None = None,
    ) -> None:
        """``on_removed`` is told the id of a target that is gone, or is another now."""
        self._records = records
        self._catalog = catalog
        self._health = health
        self._vault = vault
        self._client = client
        self._providers = providers
        self._upstream = upstream
        self._environ = environ
        self._engines = engines
        self._on_removed = on_removed
        self._prices = prices or NoPrices()
        self._listed: dict[str, tuple[float, list[str]]] = {}
        self._kept_records: dict[str, TargetRecord] = {}
        self._changes = 0

    async def load(self) -> list[str]:
        """Put every enabled record into the catalog; the lines to tell the operator about those left out.

        A credential that is gone takes its target away and nothing else: the platform starts all the same.
        """
        said, made, given = [], [], {}
        for record in await self._records.list_targets():
            self._kept_records[record.id] = record
            if not record.enabled:
                continue
            try:
                target = self._made(record)
            except (ConfigError, RequestError) as error:
                said.append(f"{record.id} ({record.model} at {record.base_url}) is left out: {error}")
                continue
            self._catalog.add(target)
            made.append(target)
            given[target.id] = record.price
        await self._prices.attend(made, given)
        return said

    async def attach_environment(self) -> list[str]:
        """Attach a provider for each credential found in the environment; the lines to tell the operator."""
        said, made = [], []
        for provider in self._providers.values():
            if provider.env_key and self._environ.get(provider.env_key):
                record = TargetRecord(
                    id=f"{provider.name}-env", provider=provider.name, base_url=provider.base_url, model=ANY,
                    upstream_model="", credential=f"env:{provider.env_key}", weight=1, priority=0, enabled=True,
                    created_at=time.time(),
                )  # fmt: skip
                try:
                    target = self._made(record)
                except (ConfigError, RequestError) as error:
                    said.append(f"{provider.env_key} found, but {provider.title} is left out: {error}")
                    continue
                self._catalog.add(target)
                made.append(target)
                said.append(f"{provider.env_key} found: {provider.title} attached ({provider.name}/…)")
        await self._prices.attend(made)
        return said

    def all(self) -> list[Target]:
        """Every target there is, embedded engines included."""
        return self._catalog.targets()

    def one(self, target_id: str) -> Target | None:
        """A target in use."""
        return self._catalog.target(target_id)

    async def off(self) -> list[TargetRecord]:
        """The records of targets that are not in use: disabled, or left out when the server started."""
        return [record for record in await self._records.list_targets() if self._catalog.target(record.id) is None]

    async def add(self, new: NewTarget, audit: AuditOf | None = None) -> Target:
        """Attach at once and for good. Raises RequestError."""
        record = self._record(new)
        target = self._attachable(record)
        set_ = {name: value for name, value in msgspec.structs.asdict(new).items() if value}
        await self._records.add_target(record, audit(record.id, set_) if audit else None)
        self._note(record)
        await self._prices.attend([target], {target.id: record.price})
        self._catalog.add(target)
        await self.learn()
        return target

    async def change(self, target_id: str, change: TargetChange, audit: AuditOf | None = None) -> TargetRecord:
        """Change an attached target at once and for good. Raises NotFound, Conflict and RequestError."""
        said = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
        record = next((one for one in await self._records.list_targets() if one.id == target_id), None)
        if record is None:
            raise self._not_ours(target_id)
        limits = {name: said[name] for name in LIMITS if name in said}
        changes: dict[str, Any] = {name: said[name] for name in ("weight", "priority", "enabled") if name in said}
        if "key" in said:
            changes["credential"] = self._kept(said["key"])
        if limits:
            changes["limits"] = {name: most for name, most in {**record.limits, **limits}.items() if most}
        target = self._attachable(msgspec.structs.replace(record, **changes))
        changed = await self._records.change_target(target_id, changes, audit(target_id, said) if audit else None)
        if changed is None:
            raise _no_target(target_id)
        self._note(changed)
        if "key" in said:
            self._health.well(target_id)  # what failed, failed with the key before
        if changed.enabled:
            await self._prices.attend([target], {target_id: changed.price})
            self._catalog.add(target)
        else:
            self._catalog.remove(target_id)
        self._on_removed(target_id)
        return changed

    async def learn(self) -> None:
        """Read the lists of targets of which no names are known, so that their names need no prefix; within seconds."""
        unread = [target for target in self._catalog.targets() if is_open(target) and target.id not in self._listed]
        try:
            async with asyncio.timeout(_LEARN_S):
                await asyncio.gather(*map(self._names, unread))
        except TimeoutError:
            pass  # a list that takes longer is read when somebody asks for the models

    async def remove(self, target_id: str, audit: AuditOf | None = None) -> None:
        """Raises NotFound and Conflict."""
        kept = await self._records.remove_target(target_id, audit(target_id, {}) if audit else None)
        if not kept and target_id not in self._kept_records:
            raise self._not_ours(target_id)
        self._catalog.remove(target_id)
        self._changes += 1
        self._kept_records.pop(target_id, None)
        self._health.forget(target_id)
        self._listed.pop(target_id, None)
        self._on_removed(target_id)

    async def look(self) -> None:
        """Take over what other processes of the same database attached, changed or detached.

        A record that cannot be used here (a credential that this machine does not have) stays as it was.
        """
        changes = self._changes
        found = {record.id: record for record in await self._records.list_targets()}
        if changes != self._changes:
            return  # changed here meanwhile: what was read may be older than that
        for target_id in [gone for gone in self._kept_records if gone not in found]:
            del self._kept_records[target_id]
            self._catalog.remove(target_id)
            self._health.forget(target_id)
            self._listed.pop(target_id, None)
            self._on_removed(target_id)
        for record in found.values():
            if self._kept_records.get(record.id) != record:
                self._kept_records[record.id] = record
                await self._take_over(record)

    async def look_on(self, every_s: float) -> None:
        """``look`` again and again. Runs until it is cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
            except Exception as error:
                # Whatever the store's trouble is, the targets we know stay in use.
                Log("routing").error("targets cannot be read", error=type(error).__name__)

    async def _take_over(self, record: TargetRecord) -> None:
        if record.enabled:
            try:
                target = self._made(record)
            except (ConfigError, RequestError) as error:
                Log("routing").warning("target left as it was", target=record.id, error=str(error))
                return
            await self._prices.attend([target], {target.id: record.price})
            self._catalog.add(target)
        else:
            self._catalog.remove(record.id)
        self._on_removed(record.id)

    def _note(self, record: TargetRecord) -> None:
        self._changes += 1
        self._kept_records[record.id] = record

    async def test(self, target_id: str) -> Probe:
        """Ask the target for its model list, or start the engine it is; an answer ends its rest and closes its circuit.

        Raises NotFound for an unknown id.
        """
        target = self._catalog.target(target_id)
        if target is None:
            raise _no_target(target_id)
        started = time.monotonic()
        models, wrong = 0, ""
        try:
            if target.engine:
                await self._engines.ensure(target.engine)
            else:
                models = len(await self._ask(target))
        except GatewayError as error:
            wrong = error.message
        if not wrong:
            self._health.well(target_id)
        found = Probe(not wrong, round((time.monotonic() - started) * 1000), models=models, error=wrong)
        for engine in self._engines.states() if target.engine else ():
            if engine.name == target.engine:
                return msgspec.structs.replace(found, state=engine.state, load_s=engine.load_s)
        return found

    async def models_at(self, target_id: str) -> list[str]:
        """The names that the target lists itself, asked now; an engine has one. Raises NotFound for an unknown id,
        GatewayError."""
        target = self._catalog.target(target_id)
        if target is None:
            raise _no_target(target_id)
        return [target.model] if target.engine else await self._ask(target)

    async def upstream_models(self) -> list[Model]:
        """Names that wildcard targets list themselves, as ``provider/name``; kept for ten minutes."""
        wild = [target for target in self._catalog.targets() if target.model == ANY]
        lists = await asyncio.gather(*(self._names(target) for target in wild))
        return [
            Model(f"{target.provider.name}/{name}", target.provider.name, (Operation.CHAT,), (target.id,))
            for target, names in zip(wild, lists, strict=True)
            for name in names
        ]

    async def _names(self, target: Target) -> list[str]:
        kept = self._listed.get(target.id)
        if kept is not None and time.monotonic() - kept[0] < _LIST_KEPT_S:
            return kept[1]
        try:
            names = await self._ask(target)
            self._catalog.know(target.id, names)
        except GatewayError:
            names = []
        self._listed[target.id] = (time.monotonic() - (0 if names else _LIST_KEPT_S - 30), names)
        return names

    async def _ask(self, target: Target) -> list[str]:
        limits = Deadlines(connect_s=5.0, first_byte_s=5.0, idle_s=5.0, total_s=10.0)
        path = head("GET", target.base_path + "/models", host_header(target.origin), auth_headers(target))
        answer = await collect(
            self._client,
            Outgoing(target.origin, path, b"", limits, target.id, repeatable=True),
            most_bytes=8 * 1024 * 1024,
        )
        if answer.status != 200:
            raise RequestError(f"{target.id} answered {answer.status} to a list of models.")
        try:
            return [listed.id for listed in msgspec.json.decode(answer.body, type=_List).data]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RequestError(f"{target.id} answered something that is not a list of models.") from error

    def _not_ours(self, target_id: str) -> RequestError:
        """Why a target without a record is not changed: there is none, or the next start would bring it back."""
        if self._catalog.target(target_id) is None:
            return _no_target(target_id)
        return Conflict(
            "This target comes with the server or its environment, and can be changed there only.",
            code="target_not_changeable",
        )

    def _record(self, new: NewTarget) -> TargetRecord:
        check_names(new)
        provider = self._providers.get(new.provider)
        if new.provider and provider is None and not new.base_url:
            known = ", ".join(sorted(self._providers))
            raise RequestError(
                f"Unknown provider '{new.provider[:60]}' and no base URL. Known: {known}.", param="provider"
            )
        base_url = (new.base_url or (provider.base_url if provider else "")).rstrip("/")
        origin_of(base_url, self._upstream)
        if not 0 <= new.weight <= 1000:
            raise RequestError("'weight' is 0 to 1000.", param="weight")
        return TargetRecord(
            id=new_id("target"),
            provider=new.provider or (urlsplit(base_url).hostname or "custom"),
            base_url=base_url,
            model=new.model,
            upstream_model=new.upstream_model,
            credential=self._kept(new.key),
            weight=new.weight,
            priority=new.priority,
            enabled=True,
            created_at=time.time(),
            price=new.price,
            operations=tuple(operation.value for operation in new.operations),
            limits={name: most for name in LIMITS if (most := getattr(new, name))},
        )

    def _kept(self, key: str) -> str:
        return key if key.startswith(("env:", "file:")) or not key else self._vault.seal(key)

    def _attachable(self, record: TargetRecord) -> Target:
        """``_made``, for an operator who has to be told. Raises RequestError."""
        try:
            return self._made(record)
        except ConfigError as error:
            raise RequestError(f"'key': {error}", param="key") from error

    def _made(self, record: TargetRecord) -> Target:
        """Raises RequestError, and ConfigError for a credential that is gone or cannot be sent."""
        provider = self._providers.get(record.provider) or Provider(
            record.provider, record.provider, record.base_url, speaks=OPENAI_COMPATIBLE
        )
        if record.operations:
            chosen = {Operation(name) for name in record.operations}
            speaks = {operation: dialect for operation, dialect in provider.speaks.items() if operation in chosen}
            provider = msgspec.structs.replace(provider, speaks=speaks)
        try:
            price = price_of(card_of(record.price)) if record.price else FREE
        except RequestError as error:
            raise RequestError(f"'price': {error.message}", param="price") from error
        origin, base_path = origin_of(record.base_url, self._upstream)
        target = Target(
            id=record.id, provider=provider, origin=origin, base_path=base_path, model=record.model,
            upstream_model=record.upstream_model, secret=self._vault.resolve(record.credential, self._environ),
            weight=record.weight, priority=record.priority, price=price, limits=limits_of(record),
        )  # fmt: skip
        auth_headers(target)
        return target


def _no_target(target_id: str) -> NotFound:
    return NotFound(f"There is no target '{target_id[:100]}'.", code="target_not_found")
