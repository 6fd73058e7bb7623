"""/api/channel: our targets as New API's channels, for who operates the platform."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.quota_units import used_units
from openhearth.accounts.usage import Usage
from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, GatewayError, NotFound, RequestError
from openhearth.core.provider import Provider
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog
from openhearth.routing.target_forms import Probe, TargetChange
from openhearth.routing.targets import Targets
from openhearth.stores.newapi_ports import ChannelRecord
from openhearth.stores.usage_ports import Scope
from openhearth.surfaces.newapi.channel_book import Channel, ChannelBook, Wanted, check_own, models_of, upstream_of
from openhearth.surfaces.newapi.channel_forms import (
    ChannelBody,
    TagChange,
    change_of,
    check_plain,
    check_tag,
    marks_of,
    new_channels,
    row,
)
from openhearth.surfaces.newapi.channel_types import place_of
from openhearth.surfaces.newapi.envelope import Said, listed, number_in, ok, page_of, read, whole
from openhearth.surfaces.newapi.terms import DISABLED, ENABLED

_EVER = 10.0**11
_AT_ONCE = 8
_TESTS_S = 60.0
_MOST_IDS = 500


class Ids(msgspec.Struct, frozen=True):
    """Body of POST /api/channel/batch."""

    ids: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=_MOST_IDS)]


class TagBody(msgspec.Struct, frozen=True):
    """Body of POST /api/channel/tag/…"""

    tag: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Channels:
    """The handlers."""

    def __init__(
        self,
        book: ChannelBook,
        targets: Targets,
        catalog: Catalog,
        providers: Mapping[str, Provider],
        usage: Usage,
        gate: Gate,
        limits: Limits,
    ) -> None:
        self._book = book
        self._targets = targets
        self._catalog = catalog
        self._providers = providers
        self._usage = usage
        self._gate = gate
        self._limits = limits

    async def listing(self, request: Request, _: Principal) -> Response:
        """``status`` (``enabled``, ``disabled``) and ``type`` narrow it."""
        return await self._page(request, "")

    async def search(self, request: Request, _: Principal) -> Response:
        """By a number, a part of the name, address or tag (``keyword``), and of a model's name (``model``)."""
        return await self._page(request, request.query_params.get("keyword", ""))

    async def one(self, request: Request, _: Principal) -> Response:
        (shown,) = await self._rows([await self._book.one(number_in(request, "channel"))])
        return ok(shown)

    async def create(self, request: Request, by: Principal) -> Response:
        """Mode ``batch``: a channel for each line of ``key``, or none at all."""
        made: list[Channel] = []
        try:
            for body in new_channels(await read(request, msgspec.Raw, self._limits)):
                channel = await self._create(by, body)
                made.append(channel)
        except GatewayError:
            for channel in made:
                await self._book.delete(by, channel)
            raise
        shown = await self._rows([await self._book.one(channel.number) for channel in made])
        return ok(shown[0] if len(shown) == 1 else shown)

    async def _create(self, by: Principal, body: ChannelBody) -> Channel:
        check_plain(body)
        kind = body.type if body.type is not None else 0
        provider, base_url = place_of(kind, body.base_url or "", self._providers)
        wanted = Wanted(
            provider=provider,
            base_url=base_url,
            models=models_of(body.models or "", body.model_mapping or ""),
            key=body.key or "",
            weight=max(1, body.weight or 0),
            priority=-(body.priority or 0),
        )
        marks = ChannelRecord(0, body.name or provider or base_url, kind, "", "", "", 0.0)
        channel = await self._book.create(by, msgspec.structs.replace(marks, **marks_of(body)), wanted)
        if body.status == DISABLED:
            await self._book.adjust(by, channel, TargetChange(enabled=False))
        return channel

    async def change(self, request: Request, by: Principal) -> Response:
        """What the body leaves out stays, an empty ``key`` too."""
        body = await read(request, ChannelBody, self._limits)
        check_plain(body)
        channel = await self._book.one(body.id)
        wanted = self._wanted(channel, body)
        if wanted is not None:
            await self._book.rebuild(by, channel, wanted)
            channel = await self._book.one(body.id)
        adjusted = change_of(body, channel)
        if adjusted != TargetChange():
            await self._book.adjust(by, channel, adjusted)
        await self._book.mark(by, channel, marks_of(body))
        (shown,) = await self._rows([await self._book.one(body.id)])
        return ok(shown)

    async def delete(self, request: Request, by: Principal) -> Response:
        await self._book.delete(by, await self._book.one(number_in(request, "channel")))
        return ok()

    async def delete_many(self, request: Request, by: Principal) -> Response:
        """How many there were."""
        wanted = set((await read(request, Ids, self._limits)).ids)
        return ok(await self._delete(by, [one for one in await self._book.all() if one.number in wanted]))

    async def delete_disabled(self, _: Request, by: Principal) -> Response:
        return ok(await self._delete(by, [one for one in await self._book.all() if not one.enabled]))

    async def enable_tag(self, request: Request, by: Principal) -> Response:
        return await self._switch(request, by, enabled=True)

    async def disable_tag(self, request: Request, by: Principal) -> Response:
        return await self._switch(request, by, enabled=False)

    async def change_tag(self, request: Request, by: Principal) -> Response:
        """PUT …/tag: weight, priority and a new tag for all channels with a tag."""
        body = await read(request, TagChange, self._limits)
        check_tag(body)
        for channel in await self._tagged(body.tag):
            said = ChannelBody(weight=body.weight, priority=body.priority, tag=body.new_tag)
            adjusted = change_of(said, channel)
            if adjusted != TargetChange():
                await self._book.adjust(by, channel, adjusted)
            await self._book.mark(by, channel, marks_of(said))
        return ok()

    async def tag_models(self, request: Request, _: Principal) -> Response:
        """The models of the channel with this tag that has most of them, separated by commas."""
        those = await self._tagged(request.query_params.get("tag", ""))
        most = max(those, key=lambda one: len(one.members))
        return ok(",".join(member.model for member in most.members))

    async def fix(self, _: Request, __: Principal) -> Response:
        """Nothing here can fall out of step with its channels: how many there are."""
        return ok({"success": len(await self._book.all()), "fails": 0})

    async def balance(self, request: Request, _: Principal) -> Response:
        """No provider is asked what is left there. Raises NotFound and Conflict."""
        await self._book.one(number_in(request, "channel"))
        raise Conflict("What is left at the provider is not asked for here.", code="conflict")

    async def balances(self, _: Request, __: Principal) -> Response:
        """There too a channel whose provider tells nothing is passed over."""
        return ok()

    async def copy(self, request: Request, by: Principal) -> Response:
        """The same once more, its name with ``suffix``; its number."""
        channel = await self._book.one(number_in(request, "channel"))
        check_own(channel)
        first = channel.members[0]
        wanted = Wanted(
            provider=first.provider,
            base_url=first.base_url,
            models={member.model: upstream_of(member) for member in channel.members},
            key=self._book.key_of(first),
            weight=first.weight,
            priority=first.priority,
        )
        suffix = request.query_params.get("suffix", "_copy")
        name = f"{channel.record.name}{suffix}"[:200]
        made = await self._book.create(by, msgspec.structs.replace(channel.record, name=name, tested_at=0.0), wanted)
        if not channel.enabled:
            await self._book.adjust(by, made, TargetChange(enabled=False))
        return ok({"id": made.number})

    async def probe(self, request: Request, _: Principal) -> Response:
        """Whether the channel answers, and after how many seconds: it is asked for its list of models, for nothing."""
        channel = await self._book.one(number_in(request, "channel"))
        probe = await self._tested(channel)
        seconds = Decimal(probe.latency_ms) / 1000
        return Said({"success": probe.ok, "message": probe.error, "time": seconds})

    async def probe_all(self, _: Request, __: Principal) -> Response:
        """Every attached channel that is enabled, some at a time; an embedded engine starts by itself when called."""
        waiting = [one for one in await self._book.all() if one.enabled and one.members[0].record is not None]
        places = asyncio.Semaphore(_AT_ONCE)

        async def tested(channel: Channel) -> Probe:
            async with places:
                return await self._tested(channel)

        try:
            async with asyncio.timeout(_TESTS_S):
                found = await asyncio.gather(*map(tested, waiting))
        except TimeoutError:
            raise Conflict("The tests took too long. Test single channels.", code="conflict") from None
        said = {str(one.number): probe.error or "ok" for one, probe in zip(waiting, found, strict=True)}
        return ok(said)

    async def fetch_models(self, request: Request, _: Principal) -> Response:
        """The names that the channel's provider lists."""
        channel = await self._book.one(number_in(request, "channel"))
        member = next((one for one in channel.members if one.enabled), None)
        if member is None:
            raise Conflict("This channel is disabled: enable it first.", code="conflict")
        return ok(await self._targets.models_at(member.id))

    async def models(self, _: Request, __: Principal) -> Response:
        """Every model that can be asked for, in OpenAI's form."""
        found = [
            {"id": one.id, "object": "model", "created": 0, "owned_by": one.owned_by} for one in self._catalog.models()
        ]
        return ok(found)

    async def enabled_models(self, _: Request, __: Principal) -> Response:
        return ok([one.id for one in self._catalog.models()])

    async def by_type(self, _: Request, by: Principal) -> Response:
        """GET /api/models: names that the caller may use, by the channel's type."""
        found: dict[str, dict[str, None]] = {}
        for channel in await self._book.all():
            for member in channel.members if channel.enabled else ():
                if member.model != "*" and self._gate.may_use(by, member.model):
                    found.setdefault(str(channel.record.kind), {})[member.model] = None
        return ok({kind: list(names) for kind, names in found.items()})

    async def _tested(self, channel: Channel) -> Probe:
        member = next((one for one in channel.members if one.enabled), None)
        if member is None:
            return Probe(False, 0, error="This channel is disabled: enable it first.")
        try:
            probe = await self._targets.test(member.id)
        except NotFound as error:
            return Probe(False, 0, error=error.message)
        await self._book.note_test(channel.number, probe.latency_ms)
        return probe

    async def _switch(self, request: Request, by: Principal, *, enabled: bool) -> Response:
        tag = (await read(request, TagBody, self._limits)).tag
        for channel in await self._tagged(tag):
            await self._book.adjust(by, channel, TargetChange(enabled=enabled))
        return ok()

    async def _tagged(self, tag: str) -> list[Channel]:
        """Never none. Raises NotFound."""
        those = [one for one in await self._book.all() if tag and one.record.tag == tag]
        if not those:
            raise NotFound(f"No channel has the tag '{tag[:100]}'.", code="not_found")
        return those

    async def _delete(self, by: Principal, channels: Sequence[Channel]) -> int:
        for channel in channels:
            check_own(channel)
        for channel in channels:
            await self._book.delete(by, channel)
        return len(channels)

    def _wanted(self, channel: Channel, body: ChannelBody) -> Wanted | None:
        """What the targets are to be, where the body says that they are to be others."""
        first = channel.members[0]
        before = {member.model: upstream_of(member) for member in channel.members}
        models = before
        if body.models is not None or body.model_mapping is not None:
            renamed = {name: other for name, other in before.items() if name != other}
            text = ",".join(before) if body.models is None else body.models
            mapping = body.model_mapping
            if mapping is None:
                names = {name.strip() for name in text.split(",")}
                kept = {name: other for name, other in renamed.items() if name in names}
                mapping = msgspec.json.encode(kept).decode()
            models = models_of(text, mapping)
        provider, base_url = first.provider, first.base_url
        is_moved = body.base_url is not None and body.base_url.rstrip("/") != first.base_url
        if is_moved or (body.type is not None and body.type != channel.record.kind):
            kind = channel.record.kind if body.type is None else body.type
            provider, base_url = place_of(kind, body.base_url if is_moved and body.base_url else "", self._providers)
        if models == before and base_url == first.base_url and provider in ("", first.provider):
            return None
        return Wanted(provider, base_url, models, body.key or "", first.weight, first.priority)

    async def _page(self, request: Request, keyword: str) -> Response:
        asked, page = request.query_params, page_of(request)
        found = [one for one in await self._book.all() if _fits(one, keyword.lower(), asked.get("model", "").lower())]
        kinds: dict[str, int] = {}
        for one in found:
            kinds[str(one.record.kind)] = kinds.get(str(one.record.kind), 0) + 1
        status, kind = asked.get("status", ""), whole(asked.get("type"), "type", 0)
        if status in ("enabled", str(ENABLED)):
            found = [one for one in found if one.enabled]
        elif status in ("disabled", "0", str(DISABLED)):
            found = [one for one in found if not one.enabled]
        elif status not in ("", "all", "-1"):
            raise RequestError("'status' is enabled, disabled or all.", param="status", code="invalid_value")
        if kind:
            found = [one for one in found if one.record.kind == kind]
        part = found[page.offset : page.offset + page.size]
        return listed(await self._rows(part), len(found), page, type_counts={**kinds, "all": sum(kinds.values())})

    async def _rows(self, channels: Sequence[Channel]) -> list[dict[str, Any]]:
        targets = tuple(member.id for channel in channels for member in channel.members)
        sums = await self._usage.totals(Scope(targets=targets), 0.0, _EVER, ("target",)) if targets else []
        used = {one.names[0]: one.charge_nanos for one in sums}
        return [row(one, used_units(sum(used.get(member.id, 0) for member in one.members))) for one in channels]


def _fits(channel: Channel, keyword: str, model: str) -> bool:
    if model and not any(model in member.model.lower() for member in channel.members):
        return False
    record = channel.record
    words = (record.name, record.tag, *(member.base_url for member in channel.members))
    return not keyword or keyword == str(record.number) or any(keyword in word.lower() for word in words)
