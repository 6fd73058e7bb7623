"""Pictures edited in a chat and over the images surface, offline, judged by their content."""

import base64
import io
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openai
import pytest
from PIL import Image

from tests.e2e.conftest import Running

SEED = "衣服换成红色,并且带上墨镜🕶"
PORTRAIT = Path(__file__).parents[2] / "src/openhearth/media/samples/portrait.jpg"
LINK = re.compile(r"!\[[^\]]*\]\((http[^)]+)\)")


@pytest.fixture
def client(server: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=110)


def _pixels(data: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.int16)


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("image/")
        data: bytes = answer.read()
    return data


def _say(client: openai.OpenAI, *turns: tuple[str, str]) -> str:
    messages = [{"role": role, "content": text} for role, text in turns]
    answer = client.chat.completions.create(model="chat-seededit", messages=messages)  # type: ignore[arg-type]
    return answer.choices[0].message.content or ""


def _picture(text: str) -> npt.NDArray[np.int16]:
    (link,) = LINK.findall(text)
    return _pixels(_fetch(link))


def test_the_seed_request_streams_progress_and_ends_with_red_clothes_and_sunglasses(
    server: Running, client: openai.OpenAI
) -> None:
    stream = client.chat.completions.create(
        model="chat-seededit",
        messages=[{"role": "user", "content": f"{server.url}/samples/portrait.jpg {SEED}"}],
        stream=True,
    )
    chunks = [chunk for chunk in stream if chunk.choices]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert text.startswith("> 🖌️正在绘画\n\n```json\n")
    assert "衣服已换成红色" in text
    assert text.index("本地程序化编辑") < LINK.search(text).start()  # type: ignore[union-attr]
    assert LINK.fullmatch(text.strip().splitlines()[-1])
    assert chunks[-1].choices[0].finish_reason == "stop"
    before, after = _pixels(PORTRAIT.read_bytes()), _picture(text)
    assert after.shape == before.shape
    red, green, blue = (after[430:590, 60:470, band] for band in range(3))
    assert np.mean((red - green > 60) & (red - blue > 60)) > 0.6  # the uniform, which was black
    eyes_before, eyes_after = before[180:215, 190:330], after[180:215, 190:330]
    assert eyes_after.mean() < eyes_before.mean() * 0.6  # the glasses are dark
    sky = np.s_[20:140, 400:500]
    assert np.abs(after[sky] - before[sky]).max() == 0  # nothing happened to the background


def test_a_conversation_goes_on_from_its_last_picture_and_back(server: Running, client: openai.OpenAI) -> None:
    first_ask = f"{server.url}/samples/portrait.jpg 变成黑白"
    first = _say(client, ("user", first_ask))
    second = _say(client, ("user", first_ask), ("assistant", first), ("user", "再亮一点"))
    grey, brighter = _picture(first), _picture(second)
    assert np.ptp(grey, axis=2).max() <= 2
    assert np.ptp(brighter, axis=2).max() <= 2
    assert brighter.mean() > grey.mean() + 5
    history = (("user", first_ask), ("assistant", first), ("user", "再亮一点"), ("assistant", second))
    assert np.array_equal(_picture(_say(client, *history, ("user", "撤销"))), grey)
    assert np.array_equal(_picture(_say(client, *history, ("user", "用第一张"))), grey)


def test_lineage_tells_how_a_picture_came_about(server: Running, client: openai.OpenAI) -> None:
    ask = f"{server.url}/samples/portrait.jpg 变成黑白"
    first = _say(client, ("user", ask))
    second = _say(client, ("user", ask), ("assistant", first), ("user", "水平翻转"))
    (link,) = LINK.findall(second)
    (picture_id,) = re.findall(r"img_[0-9a-z]+", link)
    lineage = json.loads(server.get(f"/v1/images/{picture_id}/lineage")[2])
    told = json.dumps(lineage, ensure_ascii=False)
    assert "水平翻转" in told
    assert "变成黑白" in told
    assert re.findall(r"img_[0-9a-z]+", LINK.findall(first)[0])[0] in told


@pytest.mark.parametrize("mode", ["form", "json"])
def test_the_images_surface_edits(server: Running, client: openai.OpenAI, mode: str) -> None:
    if mode == "form":
        with PORTRAIT.open("rb") as file:
            made = client.images.edit(
                model="local-edit", image=file, prompt="flip horizontally", response_format="b64_json"
            )
        data = base64.b64decode((made.data or [])[0].b64_json or "")
    else:
        uri = "data:image/jpeg;base64," + base64.b64encode(PORTRAIT.read_bytes()).decode()
        answer = server.post("/v1/images/edits", {"model": "seededit", "image": uri, "prompt": "flip horizontally"})
        items = answer["data"]
        assert isinstance(items, list)
        data = _fetch(items[0]["url"])
    before = _pixels(PORTRAIT.read_bytes())
    assert np.abs(_pixels(data) - before[:, ::-1]).mean() < 1


def test_a_streamed_edit_shows_the_picture_between_its_steps(server: Running, client: openai.OpenAI) -> None:
    with PORTRAIT.open("rb") as file:
        stream = client.images.edit(
            model="local-edit", image=file, prompt="变成黑白，然后水平翻转", stream=True, partial_images=2
        )
        events = list(stream)
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    between, after = (_pixels(base64.b64decode(event.b64_json)) for event in events)
    assert np.ptp(between, axis=2).max() <= 2
    assert np.array_equal(between[:, ::-1], after)


def test_a_second_picture_that_nothing_uses_is_named(server: Running) -> None:
    uri = "data:image/jpeg;base64," + base64.b64encode(PORTRAIT.read_bytes()).decode()
    body = {"model": "local-edit", "image": [uri, uri], "prompt": "变成黑白"}
    request = urllib.request.Request(
        f"{server.url}/v1/images/edits",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {server.key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=110) as answer:
        assert answer.headers["x-openhearth-dropped"] == "image[1]"


def test_what_is_not_understood_is_quoted_and_nothing_is_made(server: Running, client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        _say(client, ("user", f"{server.url}/samples/portrait.jpg 变成黑白,再加一只恐龙"))
    assert "恐龙" in str(caught.value)
    assert caught.value.code == "instruction_not_understood"


def test_a_private_address_is_refused(client: openai.OpenAI) -> None:
    for url in (
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/x.png",
        "http://localhost:1/x.png",
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            _say(client, ("user", f"{url} 变成黑白"))
        assert caught.value.code == "url_refused"


def test_a_link_that_was_tampered_with_is_a_404(server: Running, client: openai.OpenAI) -> None:
    (link,) = LINK.findall(_say(client, ("user", f"{server.url}/samples/portrait.jpg 变成黑白")))
    wrong = link[:-10] + ("0" if link[-10] != "0" else "1") + link[-9:]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(wrong, timeout=10)
    with caught.value as answer:
        assert answer.code == 404
