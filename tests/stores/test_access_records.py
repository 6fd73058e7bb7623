"""Who may do what, kept in every database: records, numbers, the audit log's chain."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, text

from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.errors import Conflict, RequestError
from openhearth.core.permissions import DEFAULT_ORG, ROOT_USER, Role
from openhearth.stores.access_ports import (
    Audit,
    AuditRecord,
    GroupRecord,
    OrgRecord,
    ProjectRecord,
    SessionRecord,
    UserRecord,
)
from openhearth.stores.ports import KeyRecord
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.access_tables import AUDIT, GROUPS, ORGS, PROJECTS, SESSIONS, USERS

TOLD = Audit("key_1", "test.write", "thing", 12.5, "org_default", {"名": [1, 2.5, None, True]})
ORG = OrgRecord("org_a", "Acme 公司", 3.25, allowance=Allowance(month_micros=5))
USER = UserRecord(
    id="user_a", number=0, org_id="org_a", username="ann", created_at=1.5, role=Role.ADMIN, email="a@b.c",
    display_name="Ann 安", group_name="vip", password="$argon2", access_digest="d1", disabled=True, epoch=2,
    allowance=Allowance(quota_micros=10, rpm=3), settings={"language": "zh"},
)  # fmt: skip
GROUP = GroupRecord("vip", 800_000, ("gpt-*",), Allowance(tpm=9), "cheaper", True)
PROJECT = ProjectRecord("proj_a", "org_a", "site", 2.5, models=("m",), allowance=Allowance(day_micros=7))
KEY = KeyRecord("key_a", "digest_a", "aaaa", "laptop", "owner_a", False, False, 1.0, user_id="user_a", org_id="org_a")


def user(name: str, org_id: str = "org_a", **more: object) -> UserRecord:
    return msgspec.structs.replace(USER, id=f"user_{name}", username=name, org_id=org_id, access_digest="", **more)


async def actions(records: SqlRecords) -> list[str]:
    return [entry.action for entry in await records.audit_entries()]


async def test_organisations(records: SqlRecords) -> None:
    await records.add_org(ORG, TOLD)
    assert await records.org("org_a") == ORG
    with pytest.raises(Conflict):
        await records.add_org(ORG, TOLD)
    changed = await records.change_org("org_a", {"disabled": True, "allowance": {"rpm": 4}}, TOLD)
    assert changed == msgspec.structs.replace(ORG, disabled=True, allowance=Allowance(month_micros=5, rpm=4))
    assert await records.change_org("org_b", {"disabled": True}, TOLD) is None
    assert await records.list_orgs() == [changed]
    assert len(await actions(records)) == 2


async def test_users_are_found_in_every_way(records: SqlRecords) -> None:
    made = await records.add_user(USER, TOLD)
    assert made == msgspec.structs.replace(USER, number=made.number)
    assert await records.user("user_a") == made
    assert await records.user_by_name("ann") == made
    assert await records.user_by_number(made.number) == made
    assert await records.user_by_access_digest("d1") == made
    assert await records.user_by_access_digest("") is None
    assert await records.user("user_b") is None


async def test_a_username_is_taken_once(records: SqlRecords) -> None:
    await records.add_user(user("ann"), TOLD)
    other = await records.add_user(user("bob"), TOLD)
    with pytest.raises(Conflict) as caught:
        await records.add_user(msgspec.structs.replace(user("ann"), id="user_x"), TOLD)
    assert caught.value.code == "username_taken"
    with pytest.raises(Conflict):
        await records.change_user(other.id, {"username": "ann"}, TOLD)
    assert (await records.change_user(other.id, {"username": "bob"}, TOLD)) == other
    assert len(await actions(records)) == 3


async def test_a_number_is_never_given_twice(records: SqlRecords) -> None:
    first = await records.add_user(user("ann"), TOLD)
    second = await records.add_user(user("bob"), TOLD)
    assert await records.delete_user(second.id, TOLD)
    third = await records.add_user(user("cy"), TOLD)
    assert (second.number, third.number) == (first.number + 1, first.number + 2)


async def test_users_are_listed_by_number_and_searched_as_written(records: SqlRecords) -> None:
    await records.add_user(user("ann"), TOLD)
    await records.add_user(user("a%n", display_name="100_%"), TOLD)
    await records.add_user(user("zoe", "org_b", email="Z@EXAMPLE.com"), TOLD)
    found, count = await records.list_users(None)
    assert ([one.username for one in found], count) == (["ann", "a%n", "zoe"], 3)
    assert [one.username for one in (await records.list_users("org_b"))[0]] == ["zoe"]
    found, count = await records.list_users(None, offset=1, limit=1)
    assert ([one.username for one in found], count) == (["a%n"], 3)
    for search, wanted in (("%", ["a%n"]), ("_%", ["a%n"]), ("ANN", ["ann", "zoe"]), ("z@example", ["zoe"])):
        found, _ = await records.list_users(None, search=search)
        assert [one.username for one in found] == wanted, search
    assert [one.id for one in (await records.list_users(None, search="user_zoe"))[0]] == ["user_zoe"]


async def test_who_is_deleted_leaves_no_key_that_works(records: SqlRecords) -> None:
    await records.add_user(USER, TOLD)
    await records.add_key(KEY, TOLD)
    await records.add_session(SessionRecord("s1", "user_a", 2, 1.0, 9.0))
    assert await records.delete_user("user_a", TOLD)
    assert await records.user("user_a") is None
    key = await records.key("key_a")
    assert key is not None
    assert key.disabled
    assert await records.session("s1") is None
    assert not await records.delete_user("user_a", TOLD)
    assert len(await actions(records)) == 3


async def test_groups_and_projects(records: SqlRecords) -> None:
    await records.put_group(GROUP, TOLD)
    assert await records.group("vip") == GROUP
    dearer = msgspec.structs.replace(GROUP, ratio_ppm=2**40)
    await records.put_group(dearer, TOLD)
    assert await records.list_groups() == [dearer]
    await records.add_key(msgspec.structs.replace(KEY, id="key_vip", digest="vip", group_name="vip"))
    with pytest.raises(Conflict):
        await records.delete_group("vip", TOLD)
    await records.change_key("key_vip", {"group_name": ""})
    assert await records.delete_group("vip", TOLD)
    assert not await records.delete_group("vip", TOLD)
    await records.add_project(PROJECT, TOLD)
    assert await records.project("proj_a") == PROJECT
    assert await records.list_projects("org_b") == []
    changed = await records.change_project("proj_a", {"archived": True, "allowance": {"day_micros": None}}, TOLD)
    assert changed == msgspec.structs.replace(PROJECT, archived=True, allowance=UNBOUNDED)
    assert await records.list_projects(None) == [changed]
    assert len(await actions(records)) == 5


async def test_sessions_end_and_are_cleared_away(records: SqlRecords) -> None:
    await records.add_session(SessionRecord("old", "user_a", 1, 1.0, 5.0))
    new = SessionRecord("new", "user_a", 1, 5.0, 9.0)
    await records.add_session(new)
    assert await records.session("old") is None
    assert await records.session("new") == new
    await records.end_session("new")
    assert await records.session("new") is None


async def test_models_are_bound_and_unbound(records: SqlRecords) -> None:
    await records.put_model_allowance("m/1", Allowance(rpm=2), TOLD)
    await records.put_model_allowance("m/1", Allowance(rpm=3), TOLD)
    assert await records.model_allowances() == {"m/1": Allowance(rpm=3)}
    await records.put_model_allowance("m/1", UNBOUNDED, TOLD)
    assert await records.model_allowances() == {}


async def test_a_top_up_counts_once_and_is_in_the_ledger(records: SqlRecords) -> None:
    await records.add_user(user("ann", allowance=Allowance(rpm=3)), TOLD)
    first = await records.top_up("user_ann", "topup_1", 5_000_000, TOLD)
    again = await records.top_up("user_ann", "topup_1", 5_000_000, TOLD)
    assert first == again
    assert first is not None
    assert first.allowance == Allowance(quota_micros=5_000_000, rpm=3)
    back = await records.top_up("user_ann", "topup_2", -2_000_000, TOLD)
    assert back is not None
    assert back.allowance.quota_micros == 3_000_000
    assert await records.balance("user:user_ann") == 3_000_000_000
    assert await records.balance("funding") == -3_000_000_000
    assert list(await records.check_ledger()) == []
    with pytest.raises(RequestError):
        await records.top_up("user_ann", "topup_3", -3_000_001, TOLD)
    assert await records.postings("topup_3") == []
    assert await records.top_up("user_none", "topup_4", 1, TOLD) is None
    assert len(await actions(records)) == 3


async def test_top_ups_at_once_lose_none(records: SqlRecords) -> None:
    await records.add_user(user("ann", allowance=UNBOUNDED), TOLD)
    others = [records.top_up("user_ann", f"topup_{number}", 7, TOLD) for number in range(20)]
    patches = [records.change_user("user_ann", {"allowance": {"rpm": number}}, TOLD) for number in range(20)]
    await asyncio.gather(*others, *patches)
    after = await records.user("user_ann")
    assert after is not None
    assert after.allowance.quota_micros == 140
    assert await records.balance("user:user_ann") == 140_000


async def test_keys_are_found_by_whose_they_are(records: SqlRecords) -> None:
    await records.add_key(KEY)
    await records.add_key(msgspec.structs.replace(KEY, id="key_b", digest="digest_b", org_id="org_b", name="50%_off"))
    assert await records.key("key_a") == KEY
    assert await records.key("key_none") is None
    assert [one.id for one in (await records.find_keys("org_b", None))[0]] == ["key_b"]
    found, count = await records.find_keys(None, "user_a", offset=1)
    assert ([one.id for one in found], count) == (["key_b"], 2)
    assert [one.id for one in (await records.find_keys(None, None, search="%_"))[0]] == ["key_b"]
    assert [one.id for one in (await records.find_keys(None, None, search="key_a"))[0]] == ["key_a"]


async def test_a_change_of_bounds_leaves_the_others(records: SqlRecords) -> None:
    await records.add_key(msgspec.structs.replace(KEY, allowance=Allowance(quota_micros=5, rpm=2)))
    changed = await records.change_key("key_a", {"allowance": {"rpm": None, "tpm": 8}, "ips": ("10.0.0.0/8",)}, TOLD)
    assert changed is not None
    assert (changed.allowance, changed.ips) == (Allowance(quota_micros=5, tpm=8), ("10.0.0.0/8",))
    assert await records.change_key("key_none", {"disabled": True}, TOLD) is None
    assert len(await actions(records)) == 1


async def test_a_rotated_key_is_found_by_its_old_secret_only_while_that_counts(records: SqlRecords) -> None:
    await records.add_key(KEY)
    far = 10.0**10
    second = msgspec.structs.replace(KEY, digest="digest_2", hint="2222")
    assert await records.rotate_key(second, far, TOLD) == second
    assert await records.key_by_digest("digest_2") == second
    assert await records.key_by_digest("digest_a") == msgspec.structs.replace(second, expires_at=far)
    third = msgspec.structs.replace(KEY, digest="digest_3", hint="3333")
    await records.rotate_key(third, 0.0, TOLD)
    assert await records.key_by_digest("digest_a") is None
    assert await records.key_by_digest("digest_2") is None
    assert await records.rotate_key(msgspec.structs.replace(KEY, id="key_none"), 0.0, TOLD) is None
    assert len(await actions(records)) == 2


async def test_a_database_is_founded_once(records: SqlRecords) -> None:
    root = UserRecord(ROOT_USER, 1, DEFAULT_ORG, "root", 1.0, role=Role.ROOT, password="hash")
    org, group = OrgRecord(DEFAULT_ORG, "Default", 1.0), GroupRecord("default")
    made = await asyncio.gather(*(records.found(root, org, group, TOLD) for _ in range(4)))
    assert sorted(made) == [False, False, False, True]
    assert await records.user(ROOT_USER) == root
    assert (await records.org(DEFAULT_ORG), await records.group("default")) == (org, group)
    assert len(await actions(records)) == 1


async def test_the_log_is_a_chain(records: SqlRecords) -> None:
    assert await records.check_audit() is None
    for number in range(5):
        await records.add_audit(msgspec.structs.replace(TOLD, action=f"write.{number}", at=number / 3))
    entries = await records.audit_entries(limit=3)
    assert [entry.action for entry in entries] == ["write.4", "write.3", "write.2"]
    assert [entry.number for entry in await records.audit_entries(before=3)] == [2, 1]
    assert entries[0].before == entries[1].digest
    assert entries[0].change == TOLD.change
    assert await records.check_audit() is None


async def test_a_write_that_fails_leaves_no_entry(records: SqlRecords) -> None:
    await records.add_org(ORG, TOLD)
    for _ in range(3):
        with pytest.raises(Conflict):
            await records.add_org(ORG, TOLD)
    assert len(await actions(records)) == 1
    await records.add_audit(TOLD)
    assert [entry.number for entry in await records.audit_entries()] == [2, 1]
    assert await records.check_audit() is None


async def test_many_who_write_at_once_make_one_chain(records: SqlRecords, url: str) -> None:
    other = SqlRecords(url)
    await other.open()
    try:
        await asyncio.gather(*(one.add_audit(TOLD) for one in [records, other] * 15))
    finally:
        await other.close()
    assert len(await actions(records)) == 30
    assert await records.check_audit() is None


TAMPERING = [
    ("UPDATE audit SET actor = 'x' WHERE number = 3", 3),
    ("UPDATE audit SET change = '{\"a\": 1}' WHERE number = 2", 2),
    ("UPDATE audit SET at = at + 0.5 WHERE number = 4", 4),
    ("UPDATE audit SET org_id = 'org_b' WHERE number = 1", 1),
    ("UPDATE audit SET digest = before WHERE number = 5", 5),
    ("DELETE FROM audit WHERE number = 3", 2),
    ("DELETE FROM audit WHERE number = 1", 0),
    ("DELETE FROM audit WHERE number = 5", 4),
    ("DELETE FROM audit", 0),
    ("UPDATE audit SET number = 9 WHERE number = 5", 4),
]


@pytest.mark.parametrize(("statement", "first_wrong"), TAMPERING)
async def test_tampering_is_found(records: SqlRecords, statement: str, first_wrong: int) -> None:
    for _ in range(5):
        await records.add_audit(TOLD)

    def tamper(connection: Connection) -> None:
        connection.execute(text(statement))

    await records.database.write(tamper)
    assert await records.check_audit() == first_wrong


async def test_sealed_texts_are_replaced_together(records: SqlRecords) -> None:
    await records.add_key(msgspec.structs.replace(KEY, sealed="v1:old:key"))
    assert await records.sealed() == {"key_a": "v1:old:key"}
    await records.reseal({"key_a": "v1:new:key"}, TOLD)
    assert await records.sealed() == {"key_a": "v1:new:key"}
    assert len(await actions(records)) == 1


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (ORGS, OrgRecord),
        (USERS, UserRecord),
        (GROUPS, GroupRecord),
        (PROJECTS, ProjectRecord),
        (SESSIONS, SessionRecord),
        (AUDIT, AuditRecord),
    ],
)
def test_a_table_has_the_fields_of_its_record(table: object, kind: type[msgspec.Struct], tmp_path: Path) -> None:
    assert tuple(table.columns.keys()) == kind.__struct_fields__  # type: ignore[attr-defined]


async def test_a_text_that_postgresql_cannot_keep_is_refused(records: SqlRecords, kind: str) -> None:
    if kind == "sqlite":
        await records.add_org(msgspec.structs.replace(ORG, name="a\0b"), TOLD)
        assert await records.user_by_name("\0") is None
        return
    with pytest.raises(RequestError, match=r"U\+0000"):
        await records.add_org(msgspec.structs.replace(ORG, name="a\0b"), TOLD)
    with pytest.raises(RequestError, match=r"U\+0000"):
        await records.user_by_name("\0")
    await records.add_org(ORG, TOLD)
    assert await records.org("org_a") == ORG
