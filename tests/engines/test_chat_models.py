"""The chat engine's own process with real models: what only a model can show."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from openhearth.engines.catalogue import load_catalogue
from openhearth.engines.chat.settings import MODEL_FILE, MODULE
from openhearth.engines.packs import Packs, packs_folder

SMALL = "smollm2-135m-instruct"
LARGER = "qwen2.5-coder-0.5b-instruct"
END_TOKENS = {SMALL: ("0", "2"), LARGER: ("151643", "151645")}
CHAT = "/v1/chat/completions"
CONTEXT = 1024
CANCEL_S = 4.0  # usually a quarter of a second; what is cancelled would go on for much longer

pytestmark = pytest.mark.timeout(180)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=120)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(str(self._path))


class Child:
    def __init__(self, process: "subprocess.Popen[bytes]", path: Path, no_end: dict[str, int]) -> None:
        self.process = process
        self.path = path
        self.no_end = no_end

    def send(self, method: str, target: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        with contextlib.closing(UnixConnection(self.path)) as connection:
            connection.request(method, target, json.dumps(body) if body is not None else None)
            with connection.getresponse() as response:
                return response.status, json.loads(response.read())

    def post(self, body: dict[str, Any], target: str = CHAT) -> Any:
        return self.send("POST", target, body)[1]

    def text(self, prompt: str, **fields: Any) -> str:
        choice = self.post({"messages": [{"role": "user", "content": prompt}], **fields})["choices"][0]
        return str(choice["message"]["content"])

    def busy(self) -> int:
        return int(self.send("GET", "/health")[1]["running"])


@contextlib.contextmanager
def started(name: str, folder: Path) -> Iterator[Child]:
    packs = Packs(packs_folder("", os.environ), load_catalogue(), os.environ)
    if packs.missing([name]):
        pytest.fail(f"The pack is missing. Run: openhearth packs fetch {name}")
    path = folder / "chat.sock"
    settings = {"name": name, "model": str(packs.path(name, MODEL_FILE)), "context": CONTEXT, "slots": 2}
    command = [sys.executable, "-m", MODULE, "--socket", str(path), "--settings", json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            deadline = time.monotonic() + 90
            while not path.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            yield Child(process, path, dict.fromkeys(END_TOKENS[name], -100))
        finally:
            process.stdin.close()
            process.wait(timeout=10)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with started(SMALL, tmp_path_factory.mktemp("small")) as child:
        yield child


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with started(LARGER, tmp_path_factory.mktemp("larger")) as child:
        yield child


def test_counts_real_tokens_and_stops_at_the_limit(small: Child) -> None:
    answer = small.post({"messages": [{"role": "user", "content": "Tell me a story."}], "max_tokens": 5})
    assert answer["usage"]["completion_tokens"] == 5
    assert answer["usage"]["prompt_tokens"] > 8
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["model"] == SMALL


def test_sampling_fields_reach_the_model(small: Child) -> None:
    story = "Tell me a story."
    first, again = (small.text(story, max_tokens=12, temperature=1.5, seed=7) for _ in range(2))
    assert first == again
    assert small.text(story, max_tokens=12, temperature=1.5, seed=8) != first
    assert "o" not in small.text(story, max_tokens=30, stop="o")
    banned = small.post(
        {"messages": [{"role": "user", "content": story}], "max_tokens": 1, "logprobs": True, "top_logprobs": 2}
    )["choices"][0]["logprobs"]["content"][0]
    assert banned["logprob"] <= banned["top_logprobs"][0]["logprob"] <= 0
    assert len(banned["top_logprobs"]) == 2


def test_logit_bias_forces_a_token(small: Child) -> None:
    body = {"prompt": "One, two, three,", "max_tokens": 2, "temperature": 0, "repeat_penalty": 1.0}
    assert small.post(body, "/v1/completions")["choices"][0]["text"] == " four,"
    comma = "28"
    assert small.post({**body, "logit_bias": {comma: 100}}, "/v1/completions")["choices"][0]["text"] == ",,"


def test_too_long_a_prompt_names_both_numbers(small: Child) -> None:
    long = [{"role": "user", "content": "word " * 2000}]
    status, answer = small.send("POST", CHAT, {"messages": long, "stream": True})
    error = answer["error"]
    assert status == 400
    assert error["code"] == "context_length_exceeded"
    assert re.search(rf"context is {CONTEXT} tokens, the prompt has 20\d\d", error["message"])


def test_impossible_schema_is_refused(small: Child) -> None:
    impossible = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}}
    answer = small.post({"messages": [{"role": "user", "content": "x"}], "response_format": impossible})
    assert answer["error"]["param"] == "response_format"


def leave(child: Child, prompt: str, *, stream: bool) -> float:
    """Hang up in the middle of an answer without an end; the seconds until the slot is free."""
    body = {"messages": [{"role": "user", "content": prompt}], "stream": stream, "logit_bias": child.no_end}
    with contextlib.closing(UnixConnection(child.path)) as connection:
        connection.request("POST", CHAT, json.dumps(body))
        wait_until(lambda: child.busy() == 1)
        time.sleep(0.3)
        assert child.busy() == 1
    began = time.monotonic()
    wait_until(lambda: child.busy() == 0)
    return time.monotonic() - began


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("stream", [True, False])
def test_leaving_frees_the_slot_at_once(small: Child, stream: bool) -> None:
    times = [leave(small, "Count to one thousand.", stream=stream) for _ in range(3)]
    assert min(times) < CANCEL_S


def test_leaving_while_the_prompt_is_read_frees_the_slot_at_once(larger: Child) -> None:
    prompts = [" ".join(f"Line {at * number}." for at in range(100)) for number in (3, 5, 7)]
    times = [leave(larger, prompt, stream=True) for prompt in prompts]
    assert min(times) < CANCEL_S


def test_nothing_listens_on_the_network(small: Child) -> None:
    descriptors = Path(f"/proc/{small.process.pid}/fd")
    links = " ".join(os.readlink(link) for link in descriptors.iterdir())
    sockets = set(re.findall(r"socket:\[(\d+)\]", links))
    assert sockets
    for table in ("tcp", "tcp6"):
        rows = Path(f"/proc/{small.process.pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        assert sockets.isdisjoint(row.split()[9] for row in rows)


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a given city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def with_weather(child: Child, *messages: dict[str, Any]) -> dict[str, Any]:
    answer = child.post({"messages": list(messages), "tools": [WEATHER], "max_tokens": 80})
    choice: dict[str, Any] = answer["choices"][0]
    return choice


def test_calls_the_tool_that_fits(larger: Child) -> None:
    choice = with_weather(larger, {"role": "user", "content": "What is the weather in Paris?"})
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}


def test_calls_the_tool_in_chinese(larger: Child) -> None:
    choice = with_weather(larger, {"role": "user", "content": "巴黎今天天气怎么样？"})
    assert choice["finish_reason"] == "tool_calls"


def test_greets_without_a_tool(larger: Child) -> None:
    choice = with_weather(larger, {"role": "user", "content": "Say hello in French"})
    assert choice["finish_reason"] != "tool_calls"
    assert "onjour" in choice["message"]["content"] or "alut" in choice["message"]["content"]


def test_answers_from_a_tools_result(larger: Child) -> None:
    function = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    choice = with_weather(
        larger,
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c", "content": '{"temp_c": 18, "sky": "light rain"}'},
    )
    assert "18" in choice["message"]["content"]
    assert "rain" in choice["message"]["content"]


def test_json_follows_the_schema(larger: Child) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "size": {"type": "string", "enum": ["small", "large"]}},
        "required": ["city", "size"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
    place = json.loads(larger.text("Berlin is a large city.", response_format=wanted, max_tokens=60))
    assert place == {"city": "Berlin", "size": "large"}


def test_long_chinese_answer_does_not_loop(larger: Child) -> None:
    text = larger.text("请详细介绍北京的历史和文化。", max_tokens=180, temperature=0)
    plain = re.sub(r"\s+", "", text)
    assert len(plain) > 120
    _, most = Counter(plain[at : at + 8] for at in range(len(plain) - 8)).most_common(1)[0]
    assert most <= 3


def test_sentences_of_a_chinese_answer_do_not_come_round_for_ever(larger: Child) -> None:
    plain = re.sub(r"\s+", "", larger.text("用中文写一篇关于春天的散文", max_tokens=130, temperature=0))
    _, most = Counter(plain[at : at + 12] for at in range(len(plain) - 12)).most_common(1)[0]
    assert most <= 4  # nine, and no end, without a penalty on passages


def test_a_tool_may_refer_to_its_own_definitions(small: Child) -> None:
    place = {"type": "object", "properties": {"city": {"enum": ["Paris"]}}, "required": ["city"]}
    fields = {"where": {"$ref": "#/$defs/Place"}}
    parameters = {"type": "object", "properties": fields, "required": ["where"], "$defs": {"Place": place}}
    tools = [{"type": "function", "function": {"name": name, "parameters": parameters}} for name in ("go", "come")]
    body = {"messages": [{"role": "user", "content": "go to Paris"}], "tools": tools, "max_tokens": 200}
    choice = small.post({**body, "tool_choice": "required"})["choices"][0]
    (call,) = choice["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"])["where"] == {"city": "Paris"}


def test_a_schema_may_refer_to_its_root(small: Child) -> None:
    link = {"type": "object", "properties": {"next": {"$ref": "#"}, "a": {"const": 1}}, "required": ["a"]}
    form = {"type": "json_schema", "json_schema": {"name": "link", "schema": {**link, "additionalProperties": False}}}
    body = {"messages": [{"role": "user", "content": "hi"}], "response_format": form, "max_tokens": 20}
    said = small.post(body)["choices"][0]["message"]["content"]
    assert "".join(said.split()).startswith('{"a":1')
