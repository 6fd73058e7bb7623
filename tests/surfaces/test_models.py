"""GET /v1/models in the forms of three families, with what stands behind each name."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import pytest
from typing_extensions import override

from openhearth.core.call import Principal
from openhearth.core.cards import About
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.doors import asgi
from openhearth.engines.ports import EngineState
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog, Model
from openhearth.surfaces.openai.models import ModelList, routes
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.fakes.gateway import NoEngines

LOCAL = Provider("embedded-chat", "Embedded", "unix:", speaks={Operation.CHAT: Dialect.OPENAI_CHAT})
REMOTE = Provider("openai", "OpenAI", "https://o.test/v1", speaks={Operation.EMBED: Dialect.OPENAI_EMBEDDINGS})
UNIX = Origin("unix", "/run/x.sock", 0)
TARGETS = (
    Target("small", LOCAL, UNIX, "/v1", "small", engine="small"),
    Target("large", LOCAL, UNIX, "/v1", "large", engine="large"),
    Target(
        "t1", REMOTE, Origin("https", "o.test", 443), "/v1", "embedder",
        price=Price(input_micros_per_mtok=20_000, request_micros=1),
    ),
)  # fmt: skip
ABOUT = {"small": About("Small and quick.", "小而快。", 8192), "large": About("Large.", "大。")}


class TwoEngines(NoEngines):
    @override
    def states(self) -> list[EngineState]:
        running = {"pid": 7, "memory_bytes": 400_000_000, "load_s": 1.5, "running": 1, "waiting": 2, "starts": 3}
        return [
            EngineState("small", "ready", restarts=1, **running),  # type: ignore[arg-type]
            EngineState("large", "not_installed", missing_packs=("large-pack",)),
        ]


class Lists:
    async def upstream_models(self) -> list[Model]:
        return [Model("openai/gpt-x", "openai", (Operation.CHAT,), ("t1",))]


class Client:
    def __init__(self, *, allowed: tuple[str, ...] = ()) -> None:
        catalog = Catalog(TARGETS, {"gpt-4o": ("small",)}, listed=lambda target: target.id != "large")
        models = ModelList(catalog, Lists(), TwoEngines(), created=5, about=ABOUT)
        self._app = asgi.app(
            routes(models, Gate(Keys(Principal("key_1", "owner_1", "test", models=allowed)), Limits()))
        )

    async def get(self, path: str, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self._app, "GET", path, headers=named or {"authorization": f"Bearer {GOOD_KEY}"})

    async def anthropic(self, path: str) -> Answer:
        return await self.get(path, x_api_key=GOOD_KEY, anthropic_version="2023-06-01")


@pytest.fixture
def client() -> Client:
    return Client()


def value(answer: Answer) -> dict[str, object]:
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


def ids(answer: Answer, key: str = "id") -> list[str]:
    data = value(answer)["data"]
    assert isinstance(data, list)
    return [model[key] for model in data]


ALL = ["embedder", "gpt-4o", "large", "small", "openai/gpt-x"]


async def test_the_list_holds_every_model_installed_or_not(client: Client) -> None:
    for query in ("", "?installed=all", "?installed="):
        assert ids(await client.get(f"/v1/models{query}")) == ALL
    shown = {model["id"]: model["installed"] for model in (await client.get("/v1/models")).json()["data"]}
    assert shown == {name: name != "large" for name in ALL}
    assert ids(await client.get("/v1/models?installed=true")) == [name for name in ALL if name != "large"]
    assert ids(await client.get("/v1/models?installed=false")) == ["large"]
    refused = await client.get("/v1/models?installed=maybe")
    assert refused.status == 400
    assert value(refused)["error"] == {
        "message": "'installed' is true, false or all.",
        "type": "invalid_request_error",
        "param": "installed",
        "code": "invalid_request",
    }


async def test_the_other_families_say_what_is_installed_too(client: Client) -> None:
    theirs = (await client.anthropic("/v1/models")).json()["data"]
    assert {model["id"]: model["installed"] for model in theirs} == {name: name != "large" for name in ALL}
    google = (await client.get("/v1/models?installed=false", x_goog_api_key=GOOD_KEY)).json()["models"]
    assert [(model["name"], model["installed"]) for model in google] == [("models/large", False)]


async def test_a_model_that_the_key_may_not_use_stays_hidden() -> None:
    held = Client(allowed=("small", "gpt-*"))
    for query in ("", "?installed=all", "?installed=true"):
        assert ids(await held.get(f"/v1/models{query}")) == ["gpt-4o", "small"]
    assert ids(await held.get("/v1/models?installed=false")) == []
    assert (await held.get("/v1/models/large")).status == 404


async def test_an_embedded_model_tells_everything_about_itself(client: Client) -> None:
    assert value(await client.get("/v1/models/small")) == {
        "id": "small",
        "object": "model",
        "created": 5,
        "owned_by": "embedded-chat",
        "operations": ["chat"],
        "endpoints": ["/v1/chat/completions"],
        "lifecycle": "active",
        "embedded": True,
        "installed": True,
        "description": "Small and quick.",
        "description_zh": "小而快。",
        "context_length": 8192,
        "pricing": {
            "currency": "USD",
            "input_per_million_tokens": "0",
            "output_per_million_tokens": "0",
            "per_image": "0",
            "per_request": "0",
        },
        "engine": {
            "state": "ready",
            "load_s": 1.5,
            "memory_bytes": 400_000_000,
            "queue": {"running": 1, "waiting": 2},
            "starts": 3,
            "restarts": 1,
        },
    }


async def test_a_model_without_its_pack_tells_the_command(client: Client) -> None:
    model = value(await client.get("/v1/models/large"))
    assert model["installed"] is False
    engine = model["engine"]
    assert isinstance(engine, dict)
    assert (engine["state"], engine["fetch"]) == ("not_installed", "openhearth packs fetch large-pack")


async def test_a_providers_model_tells_its_price(client: Client) -> None:
    model = value(await client.get("/v1/models/embedder"))
    assert (model["embedded"], model["installed"], model["endpoints"]) == (False, True, ["/v1/embeddings"])
    pricing = model["pricing"]
    assert isinstance(pricing, dict)
    assert pricing["input_per_million_tokens"] == "0.02"
    assert pricing["per_request"] == "0.000001"
    assert value(await client.get("/v1/models/gpt-4o"))["engine"]
    assert (await client.get("/v1/models/none")).status == 404


async def test_anthropics_form_has_every_required_field(client: Client) -> None:
    page = value(await client.anthropic("/v1/models"))
    assert set(page) == {"data", "has_more", "first_id", "last_id"}
    assert (page["has_more"], page["first_id"], page["last_id"]) == (False, "embedder", "openai/gpt-x")
    data = page["data"]
    assert isinstance(data, list)
    for model in data:
        assert model["type"] == "model"
        assert model["lifecycle"] == "active"
        assert model["display_name"]
        datetime.fromisoformat(model["created_at"])
    one = value(await client.anthropic("/v1/models/small"))
    assert (one["id"], one["max_input_tokens"]) == ("small", 8192)


async def walked(client: Client, direction: str) -> AsyncIterator[Sequence[str]]:
    cursor = ""
    while True:
        page = value(await client.anthropic(f"/v1/models?limit=2{cursor}"))
        data = page["data"]
        assert isinstance(data, list)
        yield [model["id"] for model in data]
        if not page["has_more"]:
            return
        cursor = f"&after_id={page['last_id']}" if direction == "after" else f"&before_id={page['first_id']}"


async def test_anthropics_pages_follow_each_other(client: Client) -> None:
    assert [page async for page in walked(client, "after")] == [ALL[:2], ALL[2:4], ALL[4:]]
    page = value(await client.anthropic("/v1/models?limit=2&before_id=openai/gpt-x"))
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("large", "small", True)
    page = value(await client.anthropic("/v1/models?limit=2&before_id=gpt-4o"))
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("embedder", "embedder", False)
    assert value(await client.anthropic("/v1/models?lifecycle[]=retired"))["data"] == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        f"limit={'9' * 5000}",
        "after_id=none",
        "before_id=none",
        "after_id=small&before_id=small",
        "lifecycle=x",
    ],
)
async def test_anthropics_errors_have_their_own_shape(client: Client, query: str) -> None:
    answer = await client.anthropic(f"/v1/models?{query}")
    assert answer.status == 400
    body = value(answer)
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")  # type: ignore[index]
    assert body["request_id"]


async def test_anthropics_other_errors(client: Client) -> None:
    missing = await client.anthropic("/v1/models/none")
    assert (missing.status, value(missing)["error"]["type"]) == (404, "not_found_error")  # type: ignore[index]
    wrong = await client.get("/v1/models", x_api_key="nobody", anthropic_version="2023-06-01")
    assert (wrong.status, value(wrong)["error"]["type"]) == (401, "authentication_error")  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "headers"), [("", {"x_goog_api_key": GOOD_KEY}), (f"?key={GOOD_KEY}", {"accept": "*/*"})]
)
async def test_geminis_form(client: Client, path: str, headers: dict[str, str]) -> None:
    models = value(await client.get(f"/v1/models{path}", **headers))["models"]
    assert isinstance(models, list)
    assert [model["name"] for model in models][:2] == ["models/embedder", "models/gpt-4o"]
    small = next(model for model in models if model["name"] == "models/small")
    assert small["inputTokenLimit"] == 8192
    assert "generateContent" in small["supportedGenerationMethods"]
    assert (small["description"], small["lifecycle"]) == ("Small and quick.", "active")


async def test_geminis_pages_and_errors(client: Client) -> None:
    first = value(await client.get("/v1/models?pageSize=3", x_goog_api_key=GOOD_KEY))
    assert len(first["models"]) == 3  # type: ignore[arg-type]
    rest = value(await client.get(f"/v1/models?pageSize=3&pageToken={first['nextPageToken']}", x_goog_api_key=GOOD_KEY))
    assert [model["name"] for model in rest["models"]] == ["models/small", "models/openai/gpt-x"]  # type: ignore[attr-defined]
    assert "nextPageToken" not in rest
    assert value(await client.get("/v1/models/small", x_goog_api_key=GOOD_KEY))["name"] == "models/small"
    for query, status in (("pageSize=x", 400), ("pageToken=-1", 400)):
        answer = await client.get(f"/v1/models?{query}", x_goog_api_key=GOOD_KEY)
        assert value(answer)["error"]["code"] == answer.status == status  # type: ignore[index]
    wrong = await client.get("/v1/models?key=nobody", accept="*/*")
    assert value(wrong)["error"]["status"] == "UNAUTHENTICATED"  # type: ignore[index]
