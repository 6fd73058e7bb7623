"""Names that are told to people: the list of models and what an unknown name is answered with."""

import pytest

from openhearth.core.call import Principal
from openhearth.core.errors import NotFound
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.routing.catalog import Catalog, Model
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.surfaces.openai.models import ModelList
from tests.fakes.gateway import NoEngines

EDITS = {Operation.IMAGE_EDIT: Dialect.LOCAL_EDIT}
ALL = {
    Operation.CHAT: Dialect.OPENAI_CHAT,
    Operation.IMAGE_GENERATE: Dialect.OPENAI_IMAGES,
    Operation.IMAGE_EDIT: Dialect.OPENAI_IMAGES,
}


class NoLists:
    async def upstream_models(self) -> list[Model]:
        return []


def target(model: str, speaks: dict[Operation, Dialect]) -> Target:
    provider = Provider("p", "P", "https://p.test/v1", speaks=speaks)
    return Target(id=model, provider=provider, origin=Origin("https", "p.test", 443), base_path="/v1", model=model)


CATALOG = Catalog([target("editor", EDITS), target("talker", ALL)])


async def test_only_image_models_are_listed_as_chat_models_too() -> None:
    models = ModelList(CATALOG, NoLists(), NoEngines(), created=1, about={})
    assert [card.id for card in await models.all()] == ["editor", "chat-editor", "talker"]


def test_an_unknown_chat_model_is_told_the_picture_chats_too() -> None:
    router = Router(CATALOG, Health(1.0))
    with pytest.raises(NotFound, match="There are: talker, chat-editor"):
        router.plan(Principal("k", "o", "n"), Operation.CHAT, "zzz")


def test_an_image_model_asked_to_chat_is_told_its_chat_name() -> None:
    router = Router(CATALOG, Health(1.0))
    with pytest.raises(NotFound, match="Did you mean: chat-editor"):
        router.plan(Principal("k", "o", "n"), Operation.CHAT, "editor")


def test_a_limited_key_is_told_only_the_models_it_may_use() -> None:
    router = Router(CATALOG, Health(1.0), may_use=lambda _who, model: model != "talker")
    with pytest.raises(NotFound, match=r"There are: chat-editor\.$"):
        router.plan(Principal("k", "o", "n"), Operation.CHAT, "zzz")
