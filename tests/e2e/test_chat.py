"""Chat with the embedded model through the official Python SDK and plain HTTP, as a user would on the first day."""

import asyncio
import json
import urllib.error

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.e2e.conftest import Running

MODEL = "smollm2-135m-instruct"
ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture
def client(server: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=90)


def test_a_chat_is_answered(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=24, temperature=0)
    assert "Paris" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 5
    assert 0 < answer.usage.completion_tokens <= 24


def test_a_chat_streams(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=MODEL,
        messages=ASK,
        max_tokens=24,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "Paris" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []


def test_legacy_completions_are_answered(client: openai.OpenAI) -> None:
    answer = client.completions.create(model=MODEL, prompt="The capital of France is", max_tokens=8, temperature=0)
    assert "Paris" in answer.choices[0].text


def test_an_alias_is_answered_by_the_model_it_names_and_the_header_says_so(client: openai.OpenAI) -> None:
    answer = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK, max_tokens=4)
    assert answer.headers["x-openhearth-target"] == "qwen2.5-coder-0.5b-instruct"


def test_models_are_listed_and_say_what_they_are(client: openai.OpenAI) -> None:
    models = {model.id: model for model in client.models.list()}
    assert {MODEL, "local-edit", "chat-local-edit", "seededit", "chat-seededit"} <= set(models)
    assert "procedural" in str(models["local-edit"].model_extra)
    assert client.models.retrieve(MODEL).id == MODEL


def test_an_unknown_model_is_an_error_the_sdk_understands(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-unknown", messages=ASK)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-unknown")


def test_a_wrong_key_is_an_error_the_sdk_understands(server: Running) -> None:
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-wrong", max_retries=0).models.list()


def test_files_come_and_go(client: openai.OpenAI) -> None:
    made = client.files.create(file=("notes.txt", b"hello"), purpose="user_data")
    assert client.files.content(made.id).read() == b"hello"
    assert made.id in [file.id for file in client.files.list()]
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made.id)


async def test_leaving_frees_the_engines_place(server: Running) -> None:
    """Many clients that leave must not keep the next one waiting."""
    client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=60)

    async def leave() -> None:
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Tell a very long story."}],
            max_tokens=2000,
            stream=True,
        )
        async for _ in stream:
            break
        await stream.close()

    await asyncio.gather(*(leave() for _ in range(6)))
    async with asyncio.timeout(30):
        await client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=4)
    await client.close()


def test_a_target_is_attached_to_the_running_server_and_detached(server: Running) -> None:
    made = server.post(
        "/admin/v1/targets", {"base_url": "http://127.0.0.1:9/v1", "model": "elsewhere", "key": "sk-canary"}
    )
    assert "sk-canary" not in json.dumps(made)
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.post("/v1/chat/completions", {"model": "elsewhere", "messages": ASK})
    assert caught.value.code == 502
    assert json.loads(caught.value.read())["error"]["code"] == "upstream_connect"
    assert "sk-canary" not in server.log()
    assert b"sk-canary" not in b"".join(path.read_bytes() for path in server.data.glob("openhearth.db*"))
