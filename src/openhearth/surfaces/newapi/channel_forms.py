"""Channels as bodies write them and as answers show them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET

from openhearth.core.errors import RequestError
from openhearth.routing.target_forms import TargetChange
from openhearth.surfaces.http import struct_of
from openhearth.surfaces.newapi.channel_book import Channel, upstream_of
from openhearth.surfaces.newapi.terms import DISABLED, ENABLED

_GROUP = "default"
_MOST_KEYS = 100
_Text = Annotated[str, msgspec.Meta(max_length=200)]
_Key = Annotated[str, msgspec.Meta(max_length=64 * 1024)]
_Weight = Annotated[int, msgspec.Meta(ge=0, le=1000)]
_Priority = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
# What New API's channels can say and our targets cannot: anything but these says nothing.
_SAYS_NOTHING = (None, "", "{}", "null", "[]", 0, False)
_UNKNOWN_HERE = (
    "openai_organization", "other", "setting", "settings", "param_override", "header_override", "status_code_mapping",
)  # fmt: skip


class ChannelBody(msgspec.Struct, frozen=True):
    """A channel in a body. What a change leaves out stays; what a channel only shows is passed over."""

    id: int = 0
    type: int | None = None
    name: _Text | None = None
    key: _Key | None = None
    base_url: str | None = None
    models: str | None = None
    model_mapping: str | None = None
    group: str | None = None
    groups: tuple[str, ...] | None = None
    weight: _Weight | None = None
    priority: _Priority | None = None
    status: int = 0
    tag: _Text | None = None
    remark: _Text | None = None
    test_model: _Text | None = None
    auto_ban: int | None = None
    openai_organization: str | None = None
    other: str | None = None
    setting: str | None = None
    settings: str | None = None
    param_override: str | None = None
    header_override: str | None = None
    status_code_mapping: str | None = None


class TagChange(msgspec.Struct, frozen=True):
    """Body of PUT /api/channel/tag. What is absent stays; models and groups are each channel's own here."""

    tag: str
    new_tag: _Text | None = None
    priority: _Priority | None = None
    weight: _Weight | None = None
    model_mapping: str | None = None
    models: str | None = None
    groups: str | None = None
    param_override: str | None = None
    header_override: str | None = None


class _Wrapped(msgspec.Struct, frozen=True):
    channel: msgspec.Raw
    mode: str = "single"


def new_channels(body: bytes) -> Iterator[ChannelBody]:
    """The channels that a POST asks for: newer clients wrap one (``{mode, channel}``), older ones send it bare.

    Raises RequestError.
    """
    wrapped = struct_of(body, _Wrapped) if "channel" in struct_of(body, dict[str, msgspec.Raw]) else None
    channel = struct_of(wrapped.channel if wrapped else body, ChannelBody)
    mode = wrapped.mode if wrapped else "batch"
    if mode not in ("single", "batch"):
        raise RequestError("'mode' is single or batch.", param="mode", code="invalid_value")
    keys = [line.strip() for line in (channel.key or "").split("\n") if line.strip()] or [""]
    if mode == "single" and len(keys) > 1:
        raise RequestError("'key' has several lines: mode 'batch' makes a channel of each.", param="key")
    if len(keys) > _MOST_KEYS:
        raise RequestError(f"At most {_MOST_KEYS} keys at once.", param="key", code="invalid_value")
    return (msgspec.structs.replace(channel, key=key) for key in keys)


def check_plain(body: ChannelBody) -> None:
    """Raises RequestError for what our targets have no word for: it is not kept without effect."""
    _check_nothing(body, _UNKNOWN_HERE)
    if body.auto_ban == 0:
        raise RequestError("A channel that fails always rests here: 'auto_ban' is 1.", param="auto_ban")
    groups = body.groups or tuple(name.strip() for name in (body.group or "").split(",") if name.strip())
    if groups and _GROUP not in groups:
        raise RequestError(
            "Channels are open to every group here, 'default' must be among theirs: to keep a group from models, limit "
            "the group's models.",
            param="group",
            code="invalid_value",
        )
    if body.status not in (0, ENABLED, DISABLED, 3):
        raise RequestError("'status' is 1 (enabled) or 2 (disabled).", param="status", code="invalid_value")


def check_tag(body: TagChange) -> None:
    """Raises RequestError for what cannot be said of many channels at once here."""
    _check_nothing(body, ("model_mapping", "models", "param_override", "header_override"))
    if body.groups and _GROUP not in body.groups.split(","):
        raise RequestError("Channels are open to every group here.", param="groups", code="invalid_value")


def _check_nothing(body: msgspec.Struct, names: Sequence[str]) -> None:
    for name in names:
        value = getattr(body, name)
        if (value.strip() if isinstance(value, str) else value) not in _SAYS_NOTHING:
            raise RequestError(f"'{name}' cannot be set here; leave it empty.", param=name, code="invalid_value")


def marks_of(body: ChannelBody) -> dict[str, Any]:
    """Fields of the channel's own record that the body says."""
    said = {"name": body.name, "tag": body.tag, "remark": body.remark, "test_model": body.test_model}
    said["kind"] = body.type  # type: ignore[assignment]
    if body.name == "":
        raise RequestError("'name' is empty.", param="name", code="invalid_value")
    return {name: value for name, value in said.items() if value is not None}


def change_of(body: ChannelBody, channel: Channel) -> TargetChange:
    """What is to change of every target: only what is not so already."""
    first = channel.members[0]
    weight = UNSET if body.weight is None or body.weight == first.weight else max(1, body.weight)
    priority = UNSET if body.priority is None or -body.priority == first.priority else -body.priority
    enabled = UNSET
    if body.status in (ENABLED, DISABLED) and channel.enabled is not (body.status == ENABLED):
        enabled = body.status == ENABLED  # type: ignore[assignment]
    return TargetChange(weight=weight, priority=priority, enabled=enabled, key=body.key or UNSET)


def row(channel: Channel, used: int) -> dict[str, Any]:
    """A channel as New API lists it, without its key."""
    record, first = channel.record, channel.members[0]
    renamed = {one.model: upstream_of(one) for one in channel.members if upstream_of(one) != one.model}
    return {
        "id": record.number,
        "type": record.kind,
        "key": "",
        "name": record.name,
        "status": ENABLED if channel.enabled else DISABLED,
        "base_url": first.base_url,
        "models": ",".join(member.model for member in channel.members),
        "model_mapping": msgspec.json.encode(renamed).decode() if renamed else "",
        "group": _GROUP,
        "weight": first.weight,
        "priority": -first.priority,
        "tag": record.tag,
        "remark": record.remark,
        "test_model": record.test_model,
        "created_time": int(record.created_at),
        "test_time": int(record.tested_at),
        "response_time": record.test_ms,
        "used_quota": used,
        "balance": 0,
        "balance_updated_time": 0,
        "auto_ban": 1,
        "openai_organization": "",
        "other": "",
        "other_info": "",
        "setting": "",
        "settings": "",
        "param_override": "",
        "header_override": "",
        "status_code_mapping": "",
        "read_only": first.record is None,
        "targets": [member.id for member in channel.members],
    }
