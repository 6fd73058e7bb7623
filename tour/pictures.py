"""Pictures made, edited, varied, and worked on by tools."""

import base64
import io
from typing import Any

import openai
from PIL import Image

from tour.visitor import PORTRAIT, Shown, Visitor

EDITOR, POSTER = "local-edit", "local-poster"


def edit_in_a_chat(visitor: Visitor) -> Shown:
    words = f"{visitor.url}{PORTRAIT} 衣服换成红色,并且带上墨镜"
    answer = visitor.openai.chat.completions.create(
        model="chat-seededit", messages=[{"role": "user", "content": words}]
    )
    text = answer.choices[0].message.content or ""
    assert "](http" in text
    data = visitor.get(text.rpartition("](")[2].partition(")")[0])
    return Shown(EDITOR, f"red clothes and sunglasses: {_described(data)}, linked in the answer")


def edit(visitor: Visitor) -> Shown:
    answer = visitor.openai.images.edit(
        model=EDITOR, image=("portrait.jpg", visitor.portrait()), prompt="make it black and white"
    )
    assert answer.data
    return Shown(EDITOR, f"black and white: {_described(_bytes(visitor, answer.data[0]))}")


def edit_stream(visitor: Visitor) -> Shown:
    events = visitor.openai.images.edit(
        model=EDITOR,
        image=("portrait.jpg", visitor.portrait()),
        prompt="blur the background and make the picture brighter",
        stream=True,
        partial_images=2,
    )
    kinds = [event.type for event in events]
    assert kinds[-1] == "image_edit.completed"
    return Shown(EDITOR, f"{len(kinds)} events: {', '.join(dict.fromkeys(kinds))}")


def vary(visitor: Visitor) -> Shown:
    answer = visitor.openai.images.create_variation(
        model=EDITOR, image=("portrait.jpg", visitor.portrait()), n=2, response_format="b64_json"
    )
    assert answer.data
    return Shown(EDITOR, f"two variations, the first {_described(_bytes(visitor, answer.data[0]))}")


def poster(visitor: Visitor) -> Shown:
    answer = visitor.openai.images.generate(
        model=POSTER, prompt="夏日海边音乐节 Summer by the sea", size="1024x1024", response_format="b64_json"
    )
    assert answer.data
    return Shown(POSTER, f"a typographic poster (no diffusion): {_described(_bytes(visitor, answer.data[0]))}")


def drawn_poster(visitor: Visitor) -> Shown:
    answer = visitor.openai.images.generate(model=POSTER, prompt="OPEN HEARTH", size="512x512", output_format="svg")
    assert answer.data
    data = _bytes(visitor, answer.data[0])
    assert b"<svg" in data
    return Shown(POSTER, f"the same as SVG, {len(data) // 1000} kB")


def cut_out(visitor: Visitor) -> Shown:
    made = _tool(visitor, "/aitools/v1/images/edits", model="matting")
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.mode == "RGBA"
    return Shown(EDITOR, f"the person without the background: {_described(made)}")


def expand(visitor: Visitor) -> Shown:
    made = _tool(visitor, "/aitools/v1/images", task="expand", left=0.25, right=0.25)
    return Shown(EDITOR, f"wider by half: {_described(made)}")


def vectorise(visitor: Visitor) -> Shown:
    image = f"{visitor.url}{PORTRAIT}"
    answer = visitor.asked("/aitools/v1/recraft/v1/images/vectorize", {"image": image})
    data = visitor.get(answer["image"]["url"])
    assert b"<svg" in data
    return Shown(EDITOR, f"Recraft's form: an SVG of {len(data) // 1000} kB")


def by_address(visitor: Visitor) -> Shown:
    made = visitor.get(f"/beta/image?url={visitor.url}{PORTRAIT}&width=200&format=webp")
    return Shown(EDITOR, f"by its address alone: {_described(made)}")


def lineage(visitor: Visitor) -> Shown:
    first = visitor.asked("/v1/images/edits", {"prompt": "flip it horizontally", "image": f"{visitor.url}{PORTRAIT}"})[
        "data"
    ][0]
    second = visitor.asked("/v1/images/edits", {"prompt": "make the picture brighter", "image": first["id"]})["data"][0]
    chain = visitor.json(f"/v1/images/{second['id']}/lineage")["data"]
    assert len(chain) == 2
    return Shown("–", " ← ".join(str(step.get("instruction", "")) for step in chain))


def _tool(visitor: Visitor, path: str, **asked: Any) -> bytes:
    answer = visitor.asked(path, {"image": f"{visitor.url}{PORTRAIT}", **asked})
    return visitor.get(answer["data"][0]["url"])


def _bytes(visitor: Visitor, made: openai.types.Image) -> bytes:
    return base64.b64decode(made.b64_json) if made.b64_json else visitor.get(made.url or "")


def _described(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as picture:
        return f"{picture.format} {picture.width}×{picture.height}, {len(data) // 1000} kB"
