"""Targets attached by base URL alone: which names without a prefix they answer."""

import pytest

from openhearth.core.call import Principal
from openhearth.core.errors import NotFound
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.routing.catalog import ANY, Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router

SPEAKS = {Operation.CHAT: Dialect.OPENAI_CHAT, Operation.IMAGE_EDIT: Dialect.OPENAI_IMAGES}
ME = Principal("key_1", "owner_1", "test")


def target(name: str, model: str = ANY, *, patterns: tuple[str, ...] = (), host: str = "") -> Target:
    provider = Provider(name, name, f"https://{host or name}/v1", speaks=SPEAKS, models=patterns)
    return Target(name, provider, Origin("https", host or name, 443), "/v1", model)


def answered(catalog: Catalog, name: str) -> list[tuple[str, str]]:
    return [(found.id, found.upstream_model) for found in catalog.find(name)]


def test_the_only_open_target_answers_what_nobody_else_claims() -> None:
    catalog = Catalog(
        [target("open"), target("known", patterns=("gpt-*",)), target("exact", "mine")],
        {"alias": ("mine",)},
        {"stand-in": "mine"},
    )
    assert answered(catalog, "llama-9") == [("open", "llama-9")]
    assert answered(catalog, "open/llama-9") == [("open", "llama-9")]
    assert answered(catalog, "gpt-9") == [("known", "gpt-9")]
    for name in ("mine", "alias", "stand-in"):
        assert [found for found, _ in answered(catalog, name)] == ["exact"]


def test_with_two_of_them_nobody_guesses() -> None:
    catalog = Catalog([target("one"), target("two")])
    assert answered(catalog, "llama-9") == []
    catalog.remove("two")
    assert answered(catalog, "llama-9") == [("one", "llama-9")]


def test_two_credentials_of_one_place_are_one_place() -> None:
    catalog = Catalog([target("one", host="up.test"), target("two", host="up.test")])
    assert [found for found, _ in answered(catalog, "llama-9")] == ["one", "two"]


def test_a_list_that_was_read_decides() -> None:
    catalog = Catalog([target("one"), target("two")])
    assert answered(catalog, "llama-9") == []
    catalog.know("one", ["llama-8"])
    catalog.know("two", ["llama-9", "llama-8"])
    assert answered(catalog, "llama-9") == [("two", "llama-9")]
    assert [found for found, _ in answered(catalog, "llama-8")] == ["one", "two"]
    assert answered(catalog, "llama-7") == []
    assert answered(catalog, "one/llama-7") == [("one", "llama-7")]


def test_a_list_does_not_take_a_name_from_those_who_claim_it() -> None:
    catalog = Catalog([target("open"), target("known", patterns=("gpt-*",)), target("exact", "mine")])
    catalog.know("open", ["mine", "gpt-9"])
    assert [found for found, _ in answered(catalog, "mine")] == ["exact"]
    assert [found for found, _ in answered(catalog, "gpt-9")] == ["known"]


def test_the_chat_name_of_an_image_model_is_left_to_it() -> None:
    catalog = Catalog([target("open"), target("exact", "seededit")])
    assert answered(catalog, "chat-seededit") == []
    assert answered(catalog, "chat-bison") == [("open", "chat-bison")]


def test_an_unknown_name_is_told_how_to_name_a_providers_own_model() -> None:
    router = Router(Catalog([target("one"), target("two")]), Health(1.0))
    with pytest.raises(NotFound, match="Any model of one, two can be named as provider/model") as caught:
        router.plan(ME, Operation.CHAT, "llama-9")
    assert caught.value.code == "model_not_found"


def test_the_hot_path_hears_of_a_list_that_was_read() -> None:
    catalog = Catalog([target("one"), target("two")])
    router = Router(catalog, Health(1.0))
    assert router.relayed(Operation.CHAT, "llama-9") == []
    catalog.know("two", ["llama-9"])
    assert [found.id for found in router.relayed(Operation.CHAT, "llama-9")] == ["two"]
