"""What a key stands for: its own bounds with those of its project, user, group and organisation."""

from pathlib import Path

from openhearth.accounts.secrets import open_secrets
from openhearth.config import Access
from openhearth.core.allowance import Bound
from tests.access.desk import Desk, code, open_desk


def limits(who: dict[str, list[dict[str, object]]]) -> set[tuple[object, object, object]]:
    return {(one["scope"], one["bound"], one["most"]) for one in who["limits"]}


async def test_every_bound_above_a_key_counts(desk: Desk) -> None:
    await desk.made("/admin/v1/orgs", {"name": "a", "id": "org_a", "month_micros": 900})
    await desk.made("/admin/v1/groups", {"name": "g", "rpm": 7, "tpm": 70})
    user = (await desk.user("ann", org="org_a", group="g", quota_micros=50, rpm=3))["id"]
    project = (await desk.made("/admin/v1/projects", {"name": "p", "org": "org_a", "day_micros": 4}))["id"]
    made = await desk.made(
        "/admin/v1/keys", {"name": "k", "user": "ann", "project": project, "week_micros": 8, "concurrency": 2}
    )
    who = await desk.who(made["key"])
    key = f"key:{made['id']}"
    assert limits(who) == {
        (key, Bound.WEEK, 8000),
        (key, Bound.CONCURRENCY, 2),
        (f"project:{project}", Bound.DAY, 4000),
        (f"user:{user}", Bound.TOTAL, 50_000),
        (f"user:{user}", Bound.RPM, 3),
        (f"user:{user}", Bound.TPM, 70),
        ("org:org_a", Bound.MONTH, 900_000),
    }
    assert who["scopes"] == [key, f"project:{project}", f"user:{user}", "org:org_a"]
    assert (who["owner"], who["role"], who["group"]) == (project, "key", "g")


async def test_somebody_signed_in_is_bound_like_their_keys_and_owns_what_they_make(desk: Desk) -> None:
    user = (await desk.user("ann", day_micros=5))["id"]
    who = await desk.who(await desk.token("ann"))
    assert limits(who) == {(f"user:{user}", Bound.DAY, 5000)}
    assert (who["key_id"], who["owner"], who["scopes"]) == ("", f"user:{user}", [f"user:{user}", "org:org_default"])


async def test_a_key_may_use_what_it_its_group_and_its_project_allow_together(desk: Desk) -> None:
    await desk.made("/admin/v1/groups", {"name": "g", "models": ["gpt-*", "qwen"]})
    project = (await desk.made("/admin/v1/projects", {"name": "p", "models": ["gpt-4*", "qwen", "glm"]}))["id"]
    body = {"name": "k", "group": "g", "project": project, "models": ["gpt-4o", "gpt-4o-mini", "glm", "gpt-3"]}
    made = await desk.made("/admin/v1/keys", body)
    assert (await desk.who(made["key"]))["models"] == ["gpt-4o", "gpt-4o-mini"]
    await desk.ask("PATCH", f"/admin/v1/keys/{made['id']}", {"models": []})
    assert set((await desk.who(made["key"]))["models"]) == {"gpt-4*", "qwen"}
    await desk.ask("PATCH", f"/admin/v1/keys/{made['id']}", {"models": ["claude*"]})
    assert (await desk.who(made["key"]))["models"] == [""]


async def test_a_keys_own_group_says_the_price_and_its_users_the_bounds(desk: Desk) -> None:
    await desk.made("/admin/v1/groups", {"name": "users", "ratio_ppm": 1, "rpm": 5})
    await desk.made("/admin/v1/groups", {"name": "keys", "ratio_ppm": 2, "rpm": 6})
    user = (await desk.user("ann", group="users"))["id"]
    who = await desk.who((await desk.made("/admin/v1/keys", {"name": "k", "user": "ann", "group": "keys"}))["key"])
    assert (who["group"], who["ratio_ppm"]) == ("keys", 2)
    assert limits(who) == {(f"user:{user}", Bound.RPM, 5)}


async def test_a_change_counts_from_the_next_call_on(desk: Desk) -> None:
    await desk.user("ann")
    made = await desk.made("/admin/v1/keys", {"name": "k", "user": "ann"})
    key, path = made["key"], f"/admin/v1/keys/{made['id']}"
    assert limits(await desk.who(key)) == set()
    await desk.ask("PATCH", path, {"rpm": 4, "operations": ["chat"], "cache_s": 60, "moderate": "input"})
    who = await desk.who(key)
    assert limits(who) == {(f"key:{made['id']}", Bound.RPM, 4)}
    assert (who["operations"], who["cache_s"], who["screens"]) == (["chat"], 60, "input")
    for path, body in (
        ("/admin/v1/users/ann", {"rpm": 2}),
        ("/admin/v1/orgs/org_default", {"rpm": 9}),
        ("/admin/v1/groups/default", {"tpm": 8}),
    ):
        assert (await desk.ask("PATCH", path, body)).status == 200
    assert {most for _, _, most in limits(await desk.who(key))} == {4, 2, 9, 8}
    await desk.ask("PATCH", "/admin/v1/users/ann", {"rpm": None})
    assert {most for _, _, most in limits(await desk.who(key))} == {4, 9, 8}


async def test_a_key_stops_goes_on_and_stops(desk: Desk) -> None:
    made = await desk.made("/admin/v1/keys", {"name": "k"})
    path = f"/admin/v1/keys/{made['id']}"
    for method, end, status in (
        ("POST", "/disable", 401),
        ("POST", "/enable", 200),
        ("DELETE", "", 401),
        ("POST", "/enable", 200),
    ):
        assert (await desk.ask(method, path + end)).status == 200
        assert (await desk.ask("GET", "/v1/who", key=made["key"])).status == status
    shown = (await desk.ask("GET", path)).json()
    assert not {"digest", "sealed", "key"} & set(shown)
    assert code(await desk.ask("POST", "/admin/v1/keys/key_none/disable")) == (404, "key_not_found")


async def test_a_rotated_key_has_a_new_secret_at_once_or_after_a_while(desk: Desk) -> None:
    made = await desk.made("/admin/v1/keys", {"name": "k", "rpm": 9})
    path = f"/admin/v1/keys/{made['id']}/rotate"
    second = (await desk.ask("POST", path, {"overlap_s": 3600})).json()
    assert (second["id"], second["rpm"]) == (made["id"], 9)
    for key in (made["key"], second["key"]):
        assert (await desk.who(key))["key_id"] == made["id"]
    third = (await desk.ask("POST", path)).json()
    for key in (made["key"], second["key"]):
        assert code(await desk.ask("GET", "/v1/who", key=key)) == (401, "invalid_api_key")
    assert (await desk.who(third["key"]))["key_id"] == made["id"]


async def test_paying_in_counts_once_and_is_never_undone_by_a_change(desk: Desk) -> None:
    user = (await desk.user("ann"))["id"]
    for _ in range(3):
        answer = await desk.ask("POST", "/admin/v1/users/ann/top-up", {"micros": 7_000_000, "effect": "invoice 1"})
        assert answer.json()["quota_micros"] == 7_000_000
    await desk.ask("PATCH", "/admin/v1/users/ann", {"day_micros": 5})
    back = await desk.ask("POST", "/admin/v1/users/ann/top-up", {"micros": -2_000_000})
    assert (back.json()["quota_micros"], back.json()["day_micros"]) == (5_000_000, 5)
    assert await desk.records.balance(f"user:{user}") == 5_000_000_000
    assert list(await desk.records.check_ledger()) == []
    assert (await desk.ask("POST", "/admin/v1/users/ann/top-up", {"micros": -6_000_000})).status == 400


async def test_models_are_bound_for_everybody(desk: Desk) -> None:
    path = "/admin/v1/models/qwen/qwen-3/allowance"
    assert (await desk.ask("PUT", path, {"rpm": 5, "day_micros": 9})).json()["model"] == "qwen/qwen-3"
    assert (await desk.ask("GET", path)).json()["rpm"] == 5
    assert [row["model"] for row in (await desk.ask("GET", "/admin/v1/models/allowances")).json()["data"]] == [
        "qwen/qwen-3"
    ]
    await desk.ask("PUT", path, {"tpm": 6})
    row = (await desk.ask("GET", path)).json()
    assert (row["rpm"], row["tpm"]) == (None, 6)
    await desk.ask("DELETE", path)
    assert (await desk.ask("GET", "/admin/v1/models/allowances")).json()["data"] == []


async def test_keys_are_kept_sealed_only_where_they_are_to_be_shown_again(desk: Desk, tmp_path: Path) -> None:
    await desk.made("/admin/v1/keys", {"name": "k"})
    assert await desk.records.sealed() == {}
    async with open_desk(tmp_path / "shown", access=Access(show_keys=True)) as other:
        made = await other.made("/admin/v1/keys", {"name": "k"})
        vault = open_secrets(tmp_path / "shown").vault()
        assert vault.unseal((await other.records.sealed())[made["id"]]).reveal() == made["key"]
        rotated = (await other.ask("POST", f"/admin/v1/keys/{made['id']}/rotate")).json()
        assert vault.unseal((await other.records.sealed())[made["id"]]).reveal() == rotated["key"]
        assert "sealed" not in rotated
