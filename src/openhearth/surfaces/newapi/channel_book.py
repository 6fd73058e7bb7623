"""Channels: several of our targets under one number, made and changed together as New API's clients mean it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from openhearth.accounts.audit import teller, told
from openhearth.config import ConfigError
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, GatewayError, NotFound, RequestError
from openhearth.core.provider import Secret, Target
from openhearth.routing.target_forms import NewTarget, TargetChange
from openhearth.routing.targets import Targets
from openhearth.stores.newapi_ports import ChannelRecord, NewApiRecords
from openhearth.stores.ports import TargetRecord, TargetRecords
from openhearth.surfaces.newapi.channel_types import CUSTOM, type_of

_SEALED = "v1:"
_REFERENCES = ("env:", "file:")


class Member(msgspec.Struct, frozen=True):
    """One target of a channel. ``record`` ``None``: it is embedded or from the environment, and cannot be changed."""

    id: str
    provider: str
    base_url: str
    model: str
    upstream_model: str
    weight: int
    priority: int
    enabled: bool
    created_at: float
    record: TargetRecord | None = None


class Channel(msgspec.Struct, frozen=True):
    """Never without members."""

    record: ChannelRecord
    members: Sequence[Member]

    @property
    def number(self) -> int:
        return self.record.number

    @property
    def enabled(self) -> bool:
        return any(member.enabled for member in self.members)


class Wanted(msgspec.Struct, frozen=True):
    """What the targets of a channel are to be: upstream names by public ones, all at one address."""

    provider: str
    base_url: str
    models: Mapping[str, str]
    key: str = ""
    weight: int = 1
    priority: int = 0


class ChannelBook:
    """All channels. A target that was attached otherwise is one of its own, and gets its number when first seen."""

    def __init__(
        self,
        records: NewApiRecords,
        kept: TargetRecords,
        targets: Targets,
        unseal: Callable[[str], Secret],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._kept = kept
        self._targets = targets
        self._unseal = unseal
        self._now = now
        self._writing = asyncio.Lock()

    async def all(self) -> list[Channel]:
        """Newest first."""
        members = {member.id: member for member in await self._members()}
        there = await self._records.channel_of()
        unnumbered = [member for name, member in members.items() if name not in there]
        if unnumbered:
            async with self._writing:
                await self._number(unnumbered)
            there = await self._records.channel_of()
        known = await self._records.channels()
        grouped: dict[int, list[Member]] = {}
        for name, member in members.items():
            if there.get(name) in known:
                grouped.setdefault(there[name], []).append(member)
        return [Channel(known[number], grouped[number]) for number in sorted(grouped, reverse=True)]

    async def one(self, number: int) -> Channel:
        """Raises NotFound."""
        found = next((channel for channel in await self.all() if channel.number == number), None)
        if found is None:
            raise NotFound(f"There is no channel {number}.", code="not_found")
        return found

    async def create(self, by: Principal, marks: ChannelRecord, wanted: Wanted) -> Channel:
        """All targets or none. Raises RequestError."""
        async with self._writing:
            made = await self._attach(by, wanted, wanted.models)
            ids = [target.id for target in made]
            change = {"name": marks.name, "type": marks.kind, "tag": marks.tag, "targets": ids}
            audit = told(by, "channel.create", "channel", change, now=self._now)
            marks = msgspec.structs.replace(marks, created_at=self._now())
            record = await self._records.add_channel(marks, ids, audit)
        return await self.one(record.number)

    async def mark(self, by: Principal, channel: Channel, changes: Mapping[str, Any]) -> None:
        """Set fields of the channel's record, as far as they are not so already."""
        changed = {name: value for name, value in changes.items() if value != getattr(channel.record, name)}
        if changed:
            audit = told(by, "channel.change", f"channel {channel.number}", changed, now=self._now)
            await self._records.change_channel(channel.number, changed, audit)

    async def note_test(self, number: int, latency_ms: int) -> None:
        """What a test found."""
        await self._records.change_channel(number, {"tested_at": self._now(), "test_ms": latency_ms})

    async def adjust(self, by: Principal, channel: Channel, change: TargetChange) -> None:
        """Change every target of the channel. Raises Conflict for what cannot be changed."""
        check_own(channel)
        for member in channel.members:
            await self._targets.change(member.id, change, teller(by, "target.change"))

    async def rebuild(self, by: Principal, channel: Channel, wanted: Wanted) -> None:
        """Keep what is already as wanted, attach the rest, then detach what is no longer. Raises RequestError."""
        check_own(channel)
        kept = {member.model for member in channel.members if _is_as_wanted(member, wanted)}
        gone = [member for member in channel.members if member.model not in kept or not _is_as_wanted(member, wanted)]
        missing = {model: name for model, name in wanted.models.items() if model not in kept}
        key = wanted.key or self.key_of(channel.members[0])
        async with self._writing:
            made = await self._attach(by, msgspec.structs.replace(wanted, key=key), missing)
            for target in made:
                await self._records.join_channel(channel.number, target.id)
                if not channel.enabled:
                    await self._targets.change(target.id, TargetChange(enabled=False), teller(by, "target.change"))
            await self._detach(by, gone)

    async def delete(self, by: Principal, channel: Channel) -> None:
        """Raises Conflict."""
        check_own(channel)
        async with self._writing:
            await self._detach(by, channel.members)

    def key_of(self, member: Member) -> str:
        """The credential as ``NewTarget`` takes it. Raises Conflict when it cannot be read."""
        credential = member.record.credential if member.record else ""
        if not credential.startswith(_SEALED) or credential.startswith(_REFERENCES):
            return credential
        try:
            return self._unseal(credential).reveal()
        except ConfigError as error:
            raise Conflict("The channel's key cannot be read any more: send it again.", code="conflict") from error

    async def _attach(self, by: Principal, wanted: Wanted, models: Mapping[str, str]) -> list[Target]:
        made: list[Target] = []
        try:
            for model, upstream in models.items():
                new = NewTarget(
                    base_url=wanted.base_url,
                    provider=wanted.provider,
                    model=model,
                    upstream_model=upstream if upstream != model else "",
                    key=wanted.key,
                    weight=wanted.weight,
                    priority=wanted.priority,
                )
                made.append(await self._targets.add(new, teller(by, "target.create")))
        except GatewayError:
            for target in made:
                await self._targets.remove(target.id, teller(by, "target.delete"))
            raise
        return made

    async def _detach(self, by: Principal, members: Iterable[Member]) -> None:
        names = [member.id for member in members]
        for name in names:
            await self._targets.remove(name, teller(by, "target.delete"))
        if names:
            await self._records.leave_channel(names)

    async def _members(self) -> list[Member]:
        live = {target.id: target for target in self._targets.all()}
        kept = await self._kept.list_targets()
        found = [_of_record(record) for record in kept]
        known = {record.id for record in kept}
        return [*(_of_target(target) for name, target in live.items() if name not in known), *found]

    async def _number(self, members: Sequence[Member]) -> None:
        there = await self._records.channel_of()
        for member in members:
            if member.id not in there:
                name = member.provider if member.record else member.id
                kind = type_of(member.provider) if member.record else CUSTOM
                marks = ChannelRecord(0, name, kind, "", "", "", member.created_at or self._now())
                await self._records.add_channel(marks, [member.id])


def check_own(channel: Channel) -> None:
    """Raises Conflict for embedded engines and for what the environment attached."""
    if any(member.record is None for member in channel.members):
        raise Conflict(
            "This channel comes with the server or its environment, and can be changed there only.",
            code="channel_not_changeable",
        )


def upstream_of(member: Member) -> str:
    """The name that is sent to the provider."""
    return member.upstream_model or member.model


def _is_as_wanted(member: Member, wanted: Wanted) -> bool:
    is_there = member.provider == wanted.provider or not wanted.provider
    return is_there and member.base_url == wanted.base_url and wanted.models.get(member.model) == upstream_of(member)


def _of_record(record: TargetRecord) -> Member:
    return Member(
        id=record.id,
        provider=record.provider,
        base_url=record.base_url,
        model=record.model,
        upstream_model=record.upstream_model,
        weight=record.weight,
        priority=record.priority,
        enabled=record.enabled,
        created_at=record.created_at,
        record=record,
    )


def _of_target(target: Target) -> Member:
    origin = target.origin
    address = "" if origin.scheme == "unix" else f"{origin.scheme}://{origin.host}:{origin.port}{target.base_path}"
    return Member(
        id=target.id,
        provider=target.provider.name,
        base_url=address,
        model=target.model,
        upstream_model=target.upstream_model,
        weight=target.weight,
        priority=target.priority,
        enabled=True,
        created_at=0.0,
    )


def models_of(text: str, mapping: str) -> dict[str, str]:
    """Upstream names by public ones, of ``models`` (comma separated) and ``model_mapping`` (a JSON object).

    Raises RequestError.
    """
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names or len(names) > _MOST_MODELS or any(len(name) > _NAME_CHARS for name in names):
        raise RequestError(
            f"'models' names 1 to {_MOST_MODELS} models, separated by commas.", param="models", code="invalid_value"
        )
    if strange := [name for name in names if not name.isprintable()]:
        raise RequestError(
            f"'models' names {strange[0]!r}, which cannot be printed.", param="models", code="invalid_value"
        )
    renamed = _mapping(mapping)
    if strangers := [name for name in renamed if name not in names or name == "*"]:
        raise RequestError(
            f"'model_mapping' renames '{strangers[0][:100]}', which 'models' does not name.",
            param="model_mapping",
            code="invalid_value",
        )
    return {name: renamed.get(name, name) for name in names}


def _mapping(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str]) if text.strip() else {}
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RequestError(
            '\'model_mapping\' is a JSON object of names: {"gpt-4o": "gpt-4o-2024-11-20"}.',
            param="model_mapping",
            code="invalid_value",
        ) from error


_MOST_MODELS = 500
_NAME_CHARS = 256
