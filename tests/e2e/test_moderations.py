"""The official client moderates against a real server, without a provider."""

import json
import urllib.error

import pytest
from openai import BadRequestError, OpenAI

from tests.e2e.conftest import Running
from tests.engines.moderation_packs import settings


@pytest.fixture(scope="module")
def client(server: Running) -> OpenAI:
    settings()  # skips where the packs are missing
    return OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=120)


def test_texts_in_both_languages(client: OpenAI) -> None:
    said = ["Have a nice day!", "I will break your legs.", "今天天气很好。", "我要打断你的腿。"]
    answer = client.moderations.create(input=said, model="local-moderation")
    assert [result.flagged for result in answer.results] == [False, True, False, True]
    assert answer.results[1].categories.harassment_threatening
    assert answer.results[3].category_scores.violence > 0.5


def test_no_model_and_openais_name_mean_the_embedded_one(client: OpenAI) -> None:
    for answer in (
        client.moderations.create(input="Hello."),
        client.moderations.create(input="Hello.", model="omni-moderation-latest"),
    ):
        assert (answer.model, answer.results[0].flagged) == ("local-moderation", False)


def test_a_picture_of_ours(client: OpenAI, server: Running) -> None:
    parts = [
        {"type": "text", "text": "What a suit!"},
        {"type": "image_url", "image_url": {"url": f"{server.url}/samples/portrait.jpg"}},
    ]
    answer = client.moderations.create(input=parts)  # type: ignore[arg-type]
    assert not answer.results[0].flagged
    assert answer.results[0].category_applied_input_types.sexual == ["text", "image"]


def test_a_wrong_input_is_named(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.moderations.create(input=[])
    assert caught.value.param == "input"


@pytest.fixture(scope="module")
def moderated(client: OpenAI, server: Running) -> OpenAI:
    """A client whose key is held to moderation."""
    made = server.post("/admin/v1/keys", {"name": "school", "moderate": "both"})
    assert made["moderate"] == "both"
    return OpenAI(base_url=f"{server.url}/v1", api_key=str(made["key"]), max_retries=0, timeout=120)


def test_a_moderated_key_sends_nothing_flagged(moderated: OpenAI) -> None:
    threat = "I will kill you tomorrow."
    with pytest.raises(BadRequestError) as chat:
        moderated.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": threat}])
    with pytest.raises(BadRequestError) as stream:
        moderated.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": threat}], stream=True, extra_headers={"x": "y"}
        )
    with pytest.raises(BadRequestError) as embedding:
        moderated.embeddings.create(model="use-multilingual-embed", input=["fine", threat])
    with pytest.raises(BadRequestError) as tokens:
        moderated.embeddings.create(model="use-multilingual-embed", input=[1, 2, 3])
    assert [caught.value.code for caught in (chat, stream, embedding)] == ["content_flagged"] * 3
    assert "harassment/threatening" in chat.value.message
    assert tokens.value.code == "unsupported_content"


def test_a_moderated_key_does_everything_else(moderated: OpenAI) -> None:
    assert len(moderated.embeddings.create(model="use-multilingual-embed", input="a fine day").data[0].embedding) == 512


def test_what_is_to_be_moderated_is_checked(server: Running) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.post("/admin/v1/keys", {"name": "school", "moderate": "sometimes"})
    assert caught.value.code == 400
    assert json.loads(caught.value.read())["error"]["param"] == "moderate"
    caught.value.close()
