"""Targets an operator attaches: credentials that lead nowhere, at the time of attaching and at a later start."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from openhearth.accounts.secrets import open_secrets
from openhearth.config import Circuit
from openhearth.config import Upstream as Way
from openhearth.core.errors import NotFound, RequestError, UpstreamDown, UpstreamRefusedUs
from openhearth.core.provider import Origin, Provider, Target, TargetLimits
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health, State
from openhearth.routing.target_forms import AuditOf, NewTarget, TargetChange
from openhearth.routing.targets import Targets
from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import TargetRecord
from openhearth.transport.h1_client import H1Client
from tests.fakes.gateway import NoEngines
from tests.fakes.upstream import Reply, Upstream


class Kept:
    """``TargetRecords`` in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, TargetRecord] = {}
        self.audits: list[Audit] = []

    async def add_target(self, target: TargetRecord, audit: Audit | None = None) -> None:
        self._note(audit)
        self.rows[target.id] = target

    async def list_targets(self) -> Sequence[TargetRecord]:
        return list(self.rows.values())

    async def change_target(
        self, target_id: str, changes: Mapping[str, Any], audit: Audit | None = None
    ) -> TargetRecord | None:
        self._note(audit)
        self.rows[target_id] = msgspec.structs.replace(self.rows[target_id], **changes)
        return self.rows[target_id]

    async def remove_target(self, target_id: str, audit: Audit | None = None) -> bool:
        self._note(audit)
        return self.rows.pop(target_id, None) is not None

    async def reseal(self, credentials: Mapping[str, str], audit: Audit) -> None:
        self._note(audit)

    def _note(self, audit: Audit | None) -> None:
        self.audits += [audit] if audit else []


class Slow(Kept):
    """A store whose list is old when it arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.go_on = asyncio.Event(), asyncio.Event()

    @override
    async def list_targets(self) -> Sequence[TargetRecord]:
        found = await super().list_targets()
        self.read.set()
        await self.go_on.wait()
        return found


def targets(kept: Kept, folder: Path, catalog: Catalog, environ: Mapping[str, str]) -> Targets:
    return Targets(
        kept, catalog, Health(1.0), open_secrets(folder).vault(), H1Client(), {}, Way(), environ,
        engines=NoEngines(), on_removed=lambda _: None,
    )  # fmt: skip


async def test_a_credential_that_leads_nowhere_is_the_operators_mistake(tmp_path: Path) -> None:
    kept = Kept()
    attached = targets(kept, tmp_path, Catalog(), {})
    for key in ("env:NOT_SET", f"file:{tmp_path / 'absent'}"):
        with pytest.raises(RequestError, match=r"NOT_SET|absent"):
            await attached.add(NewTarget(base_url="https://a.test/v1", model="a", key=key))
    assert kept.rows == {}


async def test_a_credential_gone_at_the_next_start_takes_only_its_own_target_away(tmp_path: Path) -> None:
    kept = Kept()
    before = targets(kept, tmp_path, Catalog(), {"A_KEY": "secret-a"})
    gone = await before.add(NewTarget(base_url="https://a.test/v1", model="a", key="env:A_KEY"))
    await before.add(NewTarget(base_url="https://b.test/v1", model="b", key="secret-b"))
    catalog = Catalog()
    after = targets(kept, tmp_path, catalog, {})
    said = await after.load()
    assert [target.model for target in catalog.targets()] == ["b"]
    assert len(said) == 1
    assert gone.id in said[0]
    assert "A_KEY" in said[0]
    await after.remove(gone.id)
    assert [row.model for row in kept.rows.values()] == ["b"]


async def test_what_the_environment_holds_and_no_header_carries_does_not_keep_the_server_from_starting(
    tmp_path: Path,
) -> None:
    catalog, provider = Catalog(), Provider("a", "A", "https://a.test/v1", env_key="A_KEY")
    attached = Targets(
        Kept(), catalog, Health(1.0), open_secrets(tmp_path).vault(), H1Client(), {"a": provider}, Way(),
        {"A_KEY": "one\ntwo"}, engines=NoEngines(), on_removed=lambda _: None,
    )  # fmt: skip
    (said,) = await attached.attach_environment()
    assert "left out" in said
    assert catalog.targets() == []


async def test_an_engine_lists_the_one_model_it_is(tmp_path: Path) -> None:
    catalog = Catalog()
    catalog.add(Target("e", Provider("a", "A", "http://a.test/v1"), Origin("unix", "/s", 0), "", "e-model", engine="e"))
    assert await targets(Kept(), tmp_path, catalog, {}).models_at("e") == ["e-model"]


async def test_a_credential_is_sealed_before_it_is_kept_and_opens_again(tmp_path: Path) -> None:
    kept, catalog = Kept(), Catalog()
    attached = targets(kept, tmp_path, catalog, {})
    target = await attached.add(NewTarget(base_url="https://a.test/v1", model="a", key="secret-of-a"))
    assert "secret-of-a" not in kept.rows[target.id].credential
    later = Catalog()
    await targets(kept, tmp_path, later, {}).load()
    (found,) = later.targets()
    assert found.secret is not None
    assert found.secret == target.secret
    assert found.secret.reveal() == "secret-of-a"


async def test_a_price_that_means_nothing_is_refused_and_an_old_one_takes_only_its_own_target_away(
    tmp_path: Path,
) -> None:
    kept = Kept()
    attached = targets(kept, tmp_path, Catalog(), {})
    with pytest.raises(RequestError, match="price"):
        await attached.add(NewTarget(base_url="https://a.test/v1", model="a", price={"dollars": 5}))
    good = await attached.add(NewTarget(base_url="https://b.test/v1", model="b", price={"request_micros": 5}))
    assert good.price.request_micros == 5
    kept.rows["old"] = msgspec.structs.replace(kept.rows[good.id], id="old", price={"dollars": 5})
    catalog = Catalog()
    (said,) = await targets(kept, tmp_path, catalog, {}).load()
    assert "dollars" in said
    assert [target.id for target in catalog.targets()] == [good.id]


async def test_the_list_of_a_target_without_known_names_is_read_when_it_is_attached(tmp_path: Path) -> None:
    async with Upstream() as first, Upstream() as second:
        first.add("/v1/models", Reply(b'{"data":[{"id":"llama-9"}]}'))
        second.add("/v1/models", Reply(b'{"data":[{"id":"qwen-9"}]}'))
        kept, catalog = Kept(), Catalog()
        attached = targets(kept, tmp_path, catalog, {})
        one = await attached.add(NewTarget(base_url=f"{first.url}/v1"))
        two = await attached.add(NewTarget(base_url=f"{second.url}/v1", provider="second"))
        assert [target.id for target in catalog.find("llama-9")] == [one.id]
        assert [target.id for target in catalog.find("qwen-9")] == [two.id]
        assert catalog.find("unheard-of") == []
        later = Catalog()
        again = targets(kept, tmp_path, later, {})
        await again.load()
        await again.learn()
        assert [target.id for target in later.find("qwen-9")] == [two.id]


async def test_a_target_whose_list_cannot_be_read_is_attached_and_answers_any_name(tmp_path: Path) -> None:
    async with Upstream() as up:
        up.add("/v1/models", Reply(b"no", 404))
        catalog = Catalog()
        one = await targets(Kept(), tmp_path, catalog, {}).add(NewTarget(base_url=f"{up.url}/v1"))
        assert [target.upstream_model for target in catalog.find("llama-9")] == ["llama-9"]
        assert catalog.find("llama-9")[0].id == one.id


def told(action: str) -> AuditOf:
    return lambda target_id, change: Audit("me", action, target_id, 0.0, "org", dict(change))


async def test_limits_are_kept_and_come_back_at_the_next_start(tmp_path: Path) -> None:
    kept = Kept()
    attached = targets(kept, tmp_path, Catalog(), {})
    new = NewTarget(base_url="https://a.test/v1", model="a", concurrency=4, rpm=60, tpm=90_000, first_token_s=2.5)
    made = await attached.add(new, told("target.add"))
    kept.rows[made.id] = msgspec.structs.replace(
        kept.rows[made.id],
        limits={name: float(most) for name, most in kept.rows[made.id].limits.items()} | {"odd": 1.0},
    )
    catalog = Catalog()
    await targets(kept, tmp_path, catalog, {}).load()
    (found,) = catalog.targets()
    assert found.limits == made.limits == TargetLimits(4, 60, 90_000, 2.5)
    assert isinstance(found.limits.concurrency, int)
    (audit,) = kept.audits
    assert (audit.action, audit.object, audit.change["rpm"]) == ("target.add", made.id, 60)


async def test_a_target_is_changed_at_once_and_for_good(tmp_path: Path) -> None:
    kept, catalog, told_of = Kept(), Catalog(), list[str]()
    attached = Targets(
        kept, catalog, Health(1.0), open_secrets(tmp_path).vault(), H1Client(), {}, Way(), {},
        engines=NoEngines(), on_removed=told_of.append,
    )  # fmt: skip
    made = await attached.add(NewTarget(base_url="https://a.test/v1", model="a", key="first-secret", rpm=60))
    await attached.change(made.id, TargetChange(weight=7, concurrency=2, key="second-secret"), told("target.change"))
    now = attached.one(made.id)
    assert now is not None
    assert (now.weight, now.priority, now.limits) == (7, 0, TargetLimits(concurrency=2, rpm=60))
    assert now.secret is not None
    assert now.secret.reveal() == "second-secret"
    assert "second-secret" not in kept.rows[made.id].credential
    assert kept.audits[-1].change == {"weight": 7, "concurrency": 2, "key": "second-secret"}  # told hides it
    await attached.change(made.id, TargetChange(rpm=0))
    assert kept.rows[made.id].limits == {"concurrency": 2}
    assert told_of == [made.id, made.id]


async def test_a_disabled_target_is_out_of_use_and_kept(tmp_path: Path) -> None:
    kept, catalog = Kept(), Catalog()
    attached = targets(kept, tmp_path, catalog, {})
    made = await attached.add(NewTarget(base_url="https://a.test/v1", model="a"))
    await attached.change(made.id, TargetChange(enabled=False))
    assert catalog.find("a") == []
    assert [record.id for record in await attached.off()] == [made.id]
    again = Catalog()
    await targets(kept, tmp_path, again, {}).load()
    assert again.targets() == []
    await attached.change(made.id, TargetChange(enabled=True))
    assert [target.id for target in catalog.find("a")] == [made.id]
    assert await attached.off() == []


async def test_what_is_not_there_cannot_be_changed(tmp_path: Path) -> None:
    attached = targets(Kept(), tmp_path, Catalog(), {})
    with pytest.raises(NotFound, match="target_x"):
        await attached.change("target_x", TargetChange(weight=1))


async def test_a_test_that_succeeds_ends_a_rest(tmp_path: Path) -> None:
    async with Upstream() as up:
        catalog, health = Catalog(), Health(60.0, circuit=Circuit(failures=1))
        attached = Targets(
            Kept(), catalog, health, open_secrets(tmp_path).vault(), H1Client(), {}, Way(), {},
            engines=NoEngines(), on_removed=lambda _: None,
        )  # fmt: skip
        made = await attached.add(NewTarget(base_url=f"{up.url}/v1", model="a"))
        health.bad(made.id, UpstreamDown("x"))
        assert health.state(made.id) is State.OPEN
        assert (await attached.test(made.id)).ok
        assert health.state(made.id) is State.CLOSED
        assert not health.cooling(made.id)


async def test_what_another_process_changed_is_taken_over(tmp_path: Path) -> None:
    kept, catalog = Kept(), Catalog()
    here, there = targets(kept, tmp_path, catalog, {}), targets(kept, tmp_path, Catalog(), {})
    await here.load()
    made = await there.add(NewTarget(base_url="https://a.test/v1", model="a", key="secret-a"))
    lost = await there.add(NewTarget(base_url="https://b.test/v1", model="b"))
    await here.look()
    assert [target.model for target in catalog.targets()] == ["a", "b"]
    await there.change(made.id, TargetChange(weight=7))
    await there.remove(lost.id)
    await here.look()
    assert [(target.model, target.weight) for target in catalog.targets()] == [("a", 7)]
    await there.change(made.id, TargetChange(enabled=False))
    await here.look()
    assert catalog.targets() == []


async def test_a_look_leaves_alone_what_was_changed_here_meanwhile(tmp_path: Path) -> None:
    kept, catalog = Slow(), Catalog()
    here = targets(kept, tmp_path, catalog, {})
    looking = asyncio.create_task(here.look())
    await kept.read.wait()
    await here.add(NewTarget(base_url="https://a.test/v1", model="a"))
    kept.go_on.set()
    await looking
    assert [target.model for target in catalog.targets()] == ["a"]


async def test_another_key_ends_the_rest_that_the_one_before_had_earned(tmp_path: Path) -> None:
    catalog, health = Catalog(), Health(10.0, circuit=Circuit(failures=1))
    attached = Targets(
        Kept(), catalog, health, open_secrets(tmp_path).vault(), H1Client(), {}, Way(), {},
        engines=NoEngines(), on_removed=lambda _: None,
    )  # fmt: skip
    made = await attached.add(NewTarget(base_url="https://a.test/v1", model="a", key="old"))
    health.bad(made.id, UpstreamRefusedUs("refused"))
    await attached.change(made.id, TargetChange(weight=2))
    assert health.state(made.id) is State.OPEN
    await attached.change(made.id, TargetChange(key="new"))
    assert (health.state(made.id), health.cooling(made.id)) == (State.CLOSED, False)
