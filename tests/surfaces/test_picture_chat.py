"""The seed page: a picture is edited in a chat, streamed and whole, over several turns."""

import base64
import json
import re
from typing import Any

import pytest

from openhearth.config import Config
from openhearth.core.media import ImagesDone
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect
from tests.fakes.media import png
from tests.fakes.picture_app import BOTH, HOME, PORTRAIT, PictureApp, said, target, text_of

SEED_TEXT = f"{PORTRAIT} 衣服换成红色,并且带上墨镜🕶"
MARKDOWN = re.compile(r"!\[([^\]]*)\]\((\S+)\)")
CHUNK_KEYS = {"id", "choices", "created", "model", "object", "service_tier", "system_fingerprint", "usage"}
DELTA_KEYS = {"content", "function_call", "refusal", "role", "tool_calls"}
PAID = Price(image_micros=1000)


def pictures_of(text: str) -> list[str]:
    return [match[2] for match in MARKDOWN.finditer(text)]


async def test_the_seed_request_streams_progress_and_ends_with_a_picture() -> None:
    app = PictureApp()
    answer = await app.chat(SEED_TEXT, stream=True)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-openhearth-target"] == "editor"
    assert answer.headers["x-request-id"].startswith("call_")
    text = text_of(answer)
    assert text.startswith("> 🖌️正在绘画\n\n```json\n{")
    shown = json.loads(text.split("```json\n")[1].split("```")[0])
    assert shown == {"model": "seededit", "prompt": "衣服换成红色,并且带上墨镜🕶", "n": 1, "image": PORTRAIT}
    assert "> 1/2 找人 finding people\n\n> 2/2 换色 recolouring\n\n![" in text
    (link,) = pictures_of(text)
    got = await app.get(link)
    assert got.status == 200
    assert got.headers["content-type"] == "image/png"
    (request,) = app.editor.requests
    assert request.operation is Operation.IMAGE_EDIT
    assert request.prompt == "衣服换成红色,并且带上墨镜🕶"
    assert [(picture.mime, picture.source) for picture in request.pictures] == [("image/png", PORTRAIT)]


async def test_every_chunk_has_the_seed_fields_one_id_and_a_true_time() -> None:
    app = PictureApp()
    answer = await app.chat(SEED_TEXT, stream=True)
    *chunks, done = answer.events()
    assert done == "[DONE]"
    for chunk in chunks:
        assert chunk.keys() == CHUNK_KEYS
        (choice,) = chunk["choices"]
        assert choice.keys() == {"delta", "finish_reason", "index", "logprobs"}
        assert choice["delta"].keys() - {"images"} == DELTA_KEYS
        assert (chunk["object"], chunk["model"], chunk["usage"]) == ("chat.completion.chunk", "chat-seededit", None)
        assert chunk["created"] == int(app.clock.now)
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[0]["id"].startswith("chatcmpl-")
    assert [chunk["choices"][0]["delta"]["role"] for chunk in chunks] == ["assistant"] + [None] * (len(chunks) - 1)
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    shown = [chunk["choices"][0]["delta"]["images"] for chunk in chunks if "images" in chunk["choices"][0]["delta"]]
    assert shown == [[{"type": "image_url", "image_url": {"url": pictures_of(text_of(answer))[0]}, "index": 0}]]


async def test_usage_comes_as_a_last_chunk_when_asked() -> None:
    app = PictureApp()
    app.editor.done = ImagesDone(input_tokens=11, output_tokens=22)
    answer = await app.chat(SEED_TEXT, stream=True, stream_options={"include_usage": True})
    *_, last, done = answer.events()
    assert done == "[DONE]"
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 11, "completion_tokens": 22, "total_tokens": 33}


async def test_whole_answer_has_the_text_of_the_stream() -> None:
    streamed = text_of(await PictureApp().chat(SEED_TEXT, n=2, stream=True))
    app = PictureApp()
    whole = await app.chat(SEED_TEXT, n=2)
    assert MARKDOWN.sub("P", text_of(whole)) == MARKDOWN.sub("P", streamed)
    body = whole.json()
    assert (body["object"], body["model"], body["created"]) == (
        "chat.completion", "chat-seededit", int(app.clock.now),
    )  # fmt: skip
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "stop"
    assert [image["image_url"]["url"] for image in choice["message"]["images"]] == pictures_of(text_of(whole))
    assert body["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert len(pictures_of(text_of(whole))) == 2


@pytest.mark.parametrize(
    "source",
    [
        {"type": "image_url", "image_url": {"url": PORTRAIT}},
        {"type": "image_url", "image_url": PORTRAIT},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(png()).decode()}},
        {"type": "image_url", "image_url": {"url": "file_0123456789abcdef01234567"}},
        {"type": "file", "file": {"file_id": "file_0123456789abcdef01234567"}},
        {"type": "image_url", "image_url": {"url": f"{HOME}/v1/files/file_0123456789abcdef01234567/content"}},
        {"type": "image_url", "image_url": {"url": f"{HOME}/samples/portrait.jpg"}},
    ],
)
async def test_pictures_come_as_parts_of_every_kind(source: dict[str, Any]) -> None:
    app = PictureApp()
    app.files.put("owner_a", "file_0123456789abcdef01234567", png(5, 5))
    turn = {"role": "user", "content": [{"type": "text", "text": "换成红色"}, source]}
    answer = await app.chat(turn, stream=True)
    assert pictures_of(text_of(answer))
    assert app.editor.requests[0].prompt == "换成红色"
    assert app.editor.requests[0].pictures[0].mime in ("image/png", "image/jpeg")


async def test_a_data_uri_is_shown_by_its_size_only() -> None:
    uri = "data:image/png;base64," + base64.b64encode(png(900, 900)).decode()
    app = PictureApp()
    text = text_of(await app.chat({"role": "user", "content": [{"type": "image_url", "image_url": {"url": uri}},
                                                               {"type": "text", "text": "red"}]}))  # fmt: skip
    assert uri not in text
    assert '"image": "data:image/png;base64,…' in text


async def test_another_owners_file_is_not_found_and_nothing_is_made() -> None:
    app = PictureApp()
    app.files.put("owner_b", "file_0123456789abcdef01234567", png())
    answer = await app.chat("file_0123456789abcdef01234567 red", stream=True)
    assert answer.status == 404
    assert answer.json()["error"]["code"] == "file_not_found"
    assert app.editor.requests == []


async def test_a_conversation_edits_goes_on_undoes_and_picks() -> None:
    app = PictureApp()
    history: list[Any] = []

    async def turn(text: str) -> str:
        history.append({"role": "user", "content": text})
        answer = await app.chat(*history, stream=True)
        assert answer.status == 200, answer.body
        history.append(said(answer))
        return pictures_of(text_of(answer))[-1]

    def edited() -> str:
        return app.editor.requests[-1].pictures[0].source

    first = await turn(SEED_TEXT)
    second = await turn("再亮一点")
    assert edited() in first
    assert (await turn("撤销")) == first
    assert len(app.editor.requests) == 2
    third = await turn("背景变成蓝色")
    assert edited() in first
    assert (await turn("用第一张")) == first
    assert (await turn("用第二张")) == second
    fourth = await turn("黑白")
    assert edited() in second
    assert len({first, second, third, fourth}) == 4


async def test_undoing_the_first_edit_gives_the_users_own_picture_back() -> None:
    app = PictureApp()
    first = await app.chat(SEED_TEXT)
    undone = await app.chat(SEED_TEXT, said(first), "撤销")
    assert pictures_of(text_of(undone)) == [PORTRAIT]
    again = await app.chat(SEED_TEXT, said(first), "撤销", said(undone), "变成黑白")
    assert again.status == 200
    assert app.editor.requests[-1].pictures[0].source == PORTRAIT
    too_far = await app.chat(SEED_TEXT, said(first), "撤销", said(undone), "撤销")
    assert too_far.status == 400
    assert too_far.json()["error"]["code"] == "nothing_to_undo"


async def test_undo_to_an_inline_picture_keeps_and_links_it() -> None:
    app = PictureApp()
    start = {"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(png(9, 9)).decode()}},
        {"type": "text", "text": "red"},
    ]}  # fmt: skip
    first = await app.chat(start)
    undone = await app.chat(start, said(first), "撤销")
    (link,) = pictures_of(text_of(undone))
    assert (await app.get(link)).body == png(9, 9)


async def test_undo_reaches_behind_a_cut_history_by_lineage() -> None:
    app = PictureApp()
    first = await app.chat(SEED_TEXT)
    second = await app.chat(SEED_TEXT, said(first), "再亮一点")
    undone = await app.chat(said(second), "撤销")
    assert pictures_of(text_of(undone)) == pictures_of(text_of(first))


async def test_the_original_is_shown_again_and_edited_from_then_on() -> None:
    app = PictureApp()
    first = await app.chat(SEED_TEXT)
    second = await app.chat(SEED_TEXT, said(first), "再亮一点")
    history = [SEED_TEXT, said(first), "再亮一点", said(second), "恢复原图"]
    shown = await app.chat(*history)
    assert pictures_of(text_of(shown)) == [PORTRAIT]
    assert len(app.editor.requests) == 2
    await app.chat(*history, said(shown), "变成黑白")
    assert app.editor.requests[-1].pictures[0].source == PORTRAIT


async def test_the_original_is_found_behind_a_cut_history() -> None:
    app = PictureApp()
    first = await app.chat(SEED_TEXT)
    second = await app.chat(SEED_TEXT, said(first), "再亮一点")
    assert pictures_of(text_of(await app.chat(said(second), "start over"))) == [PORTRAIT]


async def test_answers_with_an_images_list_and_no_text_continue_too() -> None:
    app = PictureApp()
    (link,) = pictures_of(text_of(await app.chat(SEED_TEXT)))
    shown = {"role": "assistant", "content": None, "images": [{"type": "image_url", "image_url": {"url": link}}]}
    answer = await app.chat(SEED_TEXT, shown, "再亮一点")
    assert answer.status == 200
    assert app.editor.requests[-1].pictures[0].source in link


async def test_own_links_are_read_from_storage_whatever_host_they_name() -> None:
    app = PictureApp()
    (link,) = pictures_of(text_of(await app.chat(SEED_TEXT)))
    moved = link.replace(HOME, "https://cdn.example")
    asked = list(app.web.asked)
    answer = await app.chat(f"{moved} 再亮一点")
    assert answer.status == 200
    assert app.web.asked == asked
    assert app.editor.requests[-1].pictures[0].source in link


async def test_a_forged_link_to_this_server_is_never_fetched() -> None:
    app = PictureApp()
    (link,) = pictures_of(text_of(await app.chat(SEED_TEXT)))
    signature = link.split("/")[-2]
    forged = link.replace(signature, "A" * len(signature))
    answer = await app.chat(f"{forged} 再亮一点")
    assert answer.status == 404
    assert app.web.asked == [PORTRAIT]


async def test_lineage_tells_the_chain_to_its_owner_only() -> None:
    app = PictureApp()
    first = await app.chat(SEED_TEXT, seen=42)
    second = await app.chat(SEED_TEXT, said(first), "再亮一点")
    old, new = (pictures_of(text_of(answer))[0].split("/")[-1].removesuffix(".png") for answer in (first, second))
    answer = await app.get(f"/v1/images/{new}/lineage", key="sk-a")
    assert answer.status == 200
    chain = answer.json()["data"]
    assert [(step["id"], step["parents"], step["instruction"], step["seed"]) for step in chain] == [
        (new, [old], "再亮一点", 7),
        (old, [PORTRAIT], "衣服换成红色,并且带上墨镜🕶", 42),
    ]
    assert chain[0]["operations"] == [{"op": "recolour", "part": "top"}]
    assert chain[0]["model"] == "seededit"
    assert chain[0]["created"] == int(app.clock.now)
    foreign = await app.get(f"/v1/images/{new}/lineage", key="sk-b")
    missing = await app.get("/v1/images/img_0000000000000000000000000000ff/lineage", key="sk-b")
    assert foreign.status == missing.status == 404
    assert foreign.json()["error"]["code"] == missing.json()["error"]["code"] == "picture_not_found"
    assert (await app.get(f"/v1/images/{new}/lineage")).status == 401


async def test_all_fields_of_the_seed_page_are_taken() -> None:
    app = PictureApp()
    answer = await app.chat(
        SEED_TEXT, temperature=1, top_p=1, n=1, stop="x", max_tokens=10, presence_penalty=0, frequency_penalty=0.5,
        logit_bias=None, user="someone", response_format={"type": "text"}, seen=5, tools=["a"], tool_choice={},
        stream=True, size="512x512", guidance_scale=5.5, watermark=False,
    )  # fmt: skip
    assert answer.status == 200
    (request,) = app.editor.requests
    assert (request.seed, request.user, request.size, request.guidance, request.watermark) == (
        5, "someone", "512x512", 5.5, False,
    )  # fmt: skip
    dropped = answer.headers["x-openhearth-dropped"].split(", ")
    assert {"temperature", "stop", "tools", "tool_choice"} <= set(dropped)
    assert not {"logit_bias", "seen", "user", "size"} & set(dropped)


@pytest.mark.parametrize(
    ("field", "value"),
    [("temperature", "hot"), ("n", 0), ("n", 11), ("n", "two"), ("stream", 3), ("tools", 1), ("size", "big"),
     ("stop", 4), ("seen", "x"), ("logit_bias", []), ("output_format", "bmp"), ("stream_options", 7)],
)  # fmt: skip
async def test_a_wrong_field_is_named(field: str, value: object) -> None:
    app = PictureApp()
    answer = await app.chat_with({"stream": True, field: value}, SEED_TEXT)
    assert answer.status == 400
    assert answer.json()["error"]["param"] == field
    assert app.limits.open == 0


async def test_unknown_fields_are_reported_or_refused_when_strict() -> None:
    answer = await PictureApp().chat_with({"x\r\nset-cookie: a": 1, "nonsense": 2}, SEED_TEXT)
    assert answer.headers["x-openhearth-dropped"] == "nonsense, x??set-cookie:?a"
    strict = await PictureApp(config=Config(strict_fields=True)).chat(SEED_TEXT, nonsense=2)
    assert strict.status == 422
    assert strict.json()["error"]["param"] == "nonsense"


async def test_what_a_driver_could_not_honour_is_said_in_text_and_header() -> None:
    app = PictureApp()
    app.editor.done = ImagesDone(dropped=("guidance_scale",), note="A procedural editor: it invents nothing.")
    answer = await app.chat(SEED_TEXT, guidance_scale=3)
    assert answer.headers["x-openhearth-dropped"] == "guidance_scale"
    before, picture, _ = text_of(answer).rpartition("![")
    assert picture
    assert before.endswith(
        "> A procedural editor: it invents nothing.\n\n> 未采用的参数 fields without effect here: `guidance_scale`\n\n"
    )


TITLE_PROMPT = "使用四到五个字直接返回这句话的简要主题，不要解释、不要标点、不要语气词、不要多余文本，不要加粗"
TASK_PROMPT = f"""### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Chat History:
<chat_history>
USER: {SEED_TEXT}
ASSISTANT: done
</chat_history>"""


async def test_hidden_title_prompts_make_no_picture_and_cost_nothing() -> None:
    app = PictureApp([target(price=PAID)])
    first = await app.chat(SEED_TEXT)
    answers = [
        await app.chat(SEED_TEXT, said(first), TITLE_PROMPT, stream=True),
        await app.chat(TASK_PROMPT),
        await app.chat({"role": "system", "content": "你是一名擅长会话的助理"}, f"user: {SEED_TEXT}\nassistant: done"),
    ]
    assert [text_of(answer) for answer in answers] == ["衣服换成红色,并且带上墨镜🕶"] * 3
    assert len(app.editor.requests) == 1
    assert [call.charge_nanos for call in app.calls.all] == [1_000_000, 0, 0, 0]
    assert app.limits.open == 0


async def test_a_first_turn_without_picture_is_refused_by_an_editor() -> None:
    app = PictureApp()
    answer = await app.chat("make the sky darker", stream=True)
    assert answer.status == 400
    assert answer.json()["error"]["code"] == "missing_image"


async def test_a_first_turn_without_picture_makes_one_where_the_model_can() -> None:
    app = PictureApp([target(speaks=BOTH)])
    answer = await app.chat("a red fox", stream=True)
    assert answer.status == 200
    assert app.editor.requests[0].operation is Operation.IMAGE_GENERATE
    assert app.editor.requests[0].pictures == ()


async def test_a_picture_without_words_asks_what_to_do() -> None:
    answer = await PictureApp().chat(PORTRAIT)
    assert answer.status == 400
    assert answer.json()["error"]["code"] == "missing_instruction"


async def test_a_model_that_only_makes_pictures_begins_anew_in_each_turn() -> None:
    app = PictureApp([target(model="seededit", speaks={Operation.IMAGE_GENERATE: Dialect.LOCAL_EDIT})])
    first = await app.chat("a fox")
    second = await app.chat("a fox", said(first), "a bear")
    assert (first.status, second.status) == (200, 200)
    assert [(made.operation, made.prompt) for made in app.editor.requests] == [
        (Operation.IMAGE_GENERATE, "a fox"), (Operation.IMAGE_GENERATE, "a bear"),
    ]  # fmt: skip
    assert app.editor.requests[1].pictures == ()
    given = await app.chat(f"{PORTRAIT} make it red")
    assert given.json()["error"]["code"] == "picture_not_taken"
