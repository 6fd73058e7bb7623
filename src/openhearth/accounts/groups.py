"""Price groups and the allowances of models: what the operator says for all organisations."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from openhearth.accounts import rules
from openhearth.accounts.audit import told
from openhearth.accounts.callers import Callers
from openhearth.accounts.keys import check_names
from openhearth.accounts.principals import DEFAULT_GROUP
from openhearth.core.allowance import UNBOUNDED, Allowance, Limit, limits_of
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, Forbidden, RequestError
from openhearth.core.permissions import Permission
from openhearth.stores.access_ports import GroupRecord
from openhearth.stores.key_ports import AccountRecords

_NAME_CHARS = 64
_MODEL_CHARS = 256
_TEXT_CHARS = 500
_MOST_PPM = 1_000_000_000

BindModels = Callable[[dict[str, tuple[Limit, ...]]], None]


class Groups:
    """Who pays what, and what each model may be used in all. A change counts at once."""

    def __init__(
        self,
        records: AccountRecords,
        callers: Callers,
        *,
        bind_models: BindModels | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``bind_models`` (``accounts.limits.Limits.bind_models``) is told of the limits of models."""
        self._records = records
        self._callers = callers
        self._bind = bind_models
        self._now = now
        # A group is written whole: of two changes at once, the second must see the first.
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Put the limits of models in force."""
        if self._bind is not None:
            allowances = await self._records.model_allowances()
            self._bind({model: tuple(limits_of(f"model:{model}", one)) for model, one in allowances.items()})

    async def list(self) -> Sequence[GroupRecord]:
        return await self._records.list_groups()

    async def one(self, name: str) -> GroupRecord:
        """Raises NotFound."""
        group = await self._records.group(name)
        if group is None:
            raise rules.no_group(name)
        return group

    async def seen(self, by: Principal) -> Sequence[GroupRecord]:
        """Those that ``by`` may know: what others pay is the operator's business."""
        return [group for group in await self.list() if _sees(by, group)]

    async def one_seen(self, by: Principal, name: str) -> GroupRecord:
        """Raises NotFound."""
        group = await self.one(name)
        if not _sees(by, group):
            raise rules.no_group(name)
        return group

    async def create(self, by: Principal, group: GroupRecord) -> GroupRecord:
        """Raises Conflict and RequestError."""
        async with self._writing:
            if await self._records.group(group.name) is not None:
                raise Conflict(f"There is a group '{group.name[:100]}' already.", param="name", code="name_taken")
            return await self._put(by, group, "group.create", msgspec.structs.asdict(group))

    async def change(self, by: Principal, name: str, changes: Mapping[str, Any]) -> GroupRecord:
        """``allowance`` is a mapping of the bounds to change. Raises NotFound and RequestError."""
        async with self._writing:
            group = await self.one(name)
            wanted = dict(changes)
            if "allowance" in wanted:
                wanted["allowance"] = msgspec.structs.replace(group.allowance, **wanted["allowance"])
            return await self._put(by, msgspec.structs.replace(group, **wanted), "group.change", changes)

    async def delete(self, by: Principal, name: str) -> None:
        """Raises NotFound, Forbidden, and Conflict (``group_in_use``) while a user or a key is in it."""
        if name == DEFAULT_GROUP:
            raise Forbidden("The default group stays.", code="not_permitted")
        async with self._writing:
            if not await self._records.delete_group(name, told(by, "group.delete", name, now=self._now)):
                raise rules.no_group(name)
        self._callers.forget_all()

    async def model_allowances(self) -> dict[str, Allowance]:
        """Bounds by model."""
        return await self._records.model_allowances()

    async def put_model_allowance(self, by: Principal, model: str, allowance: Allowance) -> None:
        """Bounds of a model for everybody together, from the next call on; an unbounded one lifts them."""
        if not 0 < len(model) <= _MODEL_CHARS or not model.isprintable():
            raise RequestError(f"A model's name is 1 to {_MODEL_CHARS} characters.", param="model")
        action = "model.unbind" if allowance == UNBOUNDED else "model.bind"
        change = msgspec.to_builtins(allowance)
        await self._records.put_model_allowance(model, allowance, told(by, action, model, change, now=self._now))
        await self.load()

    async def _put(self, by: Principal, group: GroupRecord, action: str, change: Mapping[str, Any]) -> GroupRecord:
        if not 0 < len(group.name) <= _NAME_CHARS or not group.name.isprintable() or "/" in group.name:
            raise RequestError(
                f"A group's name is 1 to {_NAME_CHARS} characters, without slashes.", param="name", code="invalid_value"
            )
        if not 0 <= group.ratio_ppm <= _MOST_PPM:
            raise RequestError(f"'ratio_ppm' is 0 to {_MOST_PPM}.", param="ratio_ppm", code="invalid_value")
        if len(group.description) > _TEXT_CHARS or not group.description.isprintable():
            raise RequestError(f"'description' is at most {_TEXT_CHARS} characters.", param="description")
        check_names("models", group.models)
        await self._records.put_group(group, told(by, action, group.name, change, now=self._now))
        self._callers.forget_all()
        return group


def _sees(by: Principal, group: GroupRecord) -> bool:
    """Operators all of them, others those that are open, and their own."""
    return group.open or group.name in (DEFAULT_GROUP, by.group) or by.may(Permission.OPERATE)
