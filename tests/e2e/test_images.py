"""The images API and the picture tools offline, with OpenAI's own client, judged by their content."""

import base64
import io
import urllib.request
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openai
import pytest
from PIL import Image

from tests.e2e.conftest import Running
from tests.pictures.near import NEAR, nearness
from tests.pictures.packed import pack_file

PORTRAIT = Path(__file__).parents[2] / "src/openhearth/media/samples/portrait.jpg"


@pytest.fixture
def client(server: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=110)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def _pixels(data: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(_open(data).convert("RGB"), dtype=np.int16)


def _bytes(made: openai.types.ImagesResponse) -> list[bytes]:
    return [base64.b64decode(item.b64_json or "") for item in made.data or []]


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        data: bytes = answer.read()
    return data


def test_posters_are_made_from_words(client: openai.OpenAI) -> None:
    pack_file("fonts-zh", "NotoSansSC-Regular.otf")
    made = client.images.generate(
        model="local-poster", prompt="海上生明月 deep blue", n=2, size="512x768",
        response_format="b64_json", extra_body={"seed": 11},
    )  # fmt: skip
    first, second = _bytes(made)
    assert _open(first).size == _open(second).size == (512, 768)
    assert np.abs(_pixels(first) - _pixels(second)).mean() > 5
    assert _pixels(first)[..., 2].mean() > _pixels(first)[..., 0].mean()
    again = client.images.generate(prompt="海上生明月 deep blue", size="512x768", response_format="b64_json",
                                   extra_body={"seed": 11})  # fmt: skip
    assert _bytes(again) == [first]
    assert "no diffusion model" in ((made.data or [])[0].revised_prompt or "")
    link = client.images.generate(model="local-poster", prompt="a fox", output_format="webp", size="256x256")
    assert _open(_fetch((link.data or [])[0].url or "")).format == "WEBP"


def test_a_poster_streams_its_partial_pictures(client: openai.OpenAI) -> None:
    pack_file("fonts-zh", "NotoSansSC-Regular.otf")
    stream = client.images.generate(
        model="local-poster", prompt="sunset over the sea", size="512x512", stream=True, partial_images=2,
        extra_body={"seed": 11},
    )  # fmt: skip
    events = list(stream)
    kinds = [event.type for event in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert len({event.b64_json for event in events}) == 3
    assert events[-1].size == "512x512"


def test_variations_are_near_the_picture_and_differ(client: openai.OpenAI) -> None:
    with PORTRAIT.open("rb") as file, pytest.warns(DeprecationWarning, match="deprecated"):
        made = client.images.create_variation(image=file, n=2, response_format="b64_json", model="local-edit")
    before = np.asarray(_open(PORTRAIT.read_bytes()).convert("RGB"))
    results = _bytes(made)
    for data in results:
        after = np.asarray(_open(data).convert("RGB"))
        assert nearness(before, after) > NEAR
        assert after.shape == before.shape
    assert results[0] != results[1]


def test_wrong_fields_come_back_as_the_clients_own_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(model="local-poster", prompt="x", size="wide")
    assert caught.value.param == "size"


def test_a_chat_makes_posters(client: openai.OpenAI) -> None:
    pack_file("fonts-zh", "NotoSansSC-Regular.otf")
    answer = client.chat.completions.create(
        model="chat-local-poster", messages=[{"role": "user", "content": "A quiet evening by the sea"}]
    )
    text = answer.choices[0].message.content or ""
    assert "不是扩散模型" in text
    link = text.rsplit("](", 1)[1].split(")")[0]
    assert _open(_fetch(link)).size == (1024, 1024)


def test_tools_work_on_the_embedded_editor(server: Running) -> None:
    uri = "data:image/jpeg;base64," + base64.b64encode(PORTRAIT.read_bytes()).decode()
    before = _pixels(PORTRAIT.read_bytes())
    height, width = before.shape[:2]
    wide = server.post("/aitools/v1/images/edits", {"model": "expand", "image": uri, "aspect_ratio": "16:9"})
    data = wide["data"]
    assert isinstance(data, list)
    after = _pixels(_fetch(data[0]["url"]))
    assert after.shape[0] == height
    assert abs(after.shape[1] / height - 16 / 9) < 0.01
    left = (after.shape[1] - width) // 2
    assert np.abs(after[:, left + 20 : left + width - 20] - before[:, 20:-20]).max() == 0
    vector = server.post("/aitools/v1/recraft/v1/images/vectorize", {"image": uri})["image"]
    assert isinstance(vector, dict)
    assert b"<svg " in _fetch(vector["url"])[:200]
    cut = server.post("/aitools/v1/images", {"task": "matting", "image": uri})["data"]
    assert isinstance(cut, list)
    alpha = np.asarray(_open(_fetch(cut[0]["url"])).convert("RGBA"))[..., 3]
    assert alpha[height // 2, width // 2] > 200
    assert (alpha < 40).mean() > 0.1
    status, headers, small = server.get(f"/beta/image?url={server.url}/samples/portrait.jpg&width=120&format=webp")
    assert (status, headers["content-type"], _open(small).width) == (200, "image/webp", 120)
