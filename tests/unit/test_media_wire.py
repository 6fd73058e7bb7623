"""Corners of the picture dialects that no whole call reaches."""

import msgspec
import pytest

from openhearth.core.errors import (
    Moderated,
    RequestError,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamRejected,
)
from openhearth.core.media import ImageRequest, Picture
from openhearth.core.operations import Operation
from openhearth.dialects.ark_images import answer as ark
from openhearth.dialects.openai_chat.messages import Message, read_messages
from openhearth.dialects.openai_images import answer as openai
from openhearth.dialects.openai_images.request import encode

REQUEST = ImageRequest(Operation.IMAGE_GENERATE, "flux", "fox")


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"", b"[]"])
def test_an_error_without_a_body_we_know_is_read_by_its_status(body: bytes) -> None:
    assert isinstance(ark.refusal(503, body, "up", None), UpstreamDown)
    assert isinstance(ark.refusal(400, body, "up", None), UpstreamRejected)
    assert isinstance(openai.refusal(503, body, "up", None), UpstreamDown)
    assert isinstance(openai.refusal(429, body, "up", 5.0), UpstreamBusy)
    assert isinstance(openai.refusal(451, body, "up", None), Moderated)


def test_an_error_may_be_a_bare_text_or_stand_in_an_event() -> None:
    error = openai.refusal(400, b'{"error":"too small"}', "up", None)
    assert error.message == "up: too small"
    with pytest.raises(Moderated):
        openai.read_event(b'{"error":{"code":"moderation_blocked"}}', "up")
    with pytest.raises(UpstreamGarbled):
        openai.read_event(b"{", "up")


def test_partial_pictures_are_reported_where_there_is_no_stream() -> None:
    asked = msgspec.structs.replace(REQUEST, partial_images=2, asked=frozenset({"partial_images"}))
    assert encode(asked, "flux").dropped == ("partial_images",)
    assert not encode(asked, "flux").streams
    assert encode(asked, "gpt-image-2").streams


def test_truth_values_are_written_alike_in_json_and_forms() -> None:
    asked = msgspec.structs.replace(REQUEST, watermark=True)
    assert b'"watermark":true' in encode(asked, "flux").body
    form = encode(msgspec.structs.replace(asked, pictures=(Picture(b"x", "image/png", "data"),)), "flux")
    assert b'name="watermark"\r\n\r\ntrue\r\n' in form.body


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'[{"content":"hi"}]', Message("user", "hi", ())),
        (b'[{"role":"user","content":["a",{"type":"text","text":"b"}]}]', Message("user", "a\nb", ())),
        (b'[{"role":"assistant","content":[{"type":"tool_use"},{"text":"x"}]}]', Message("assistant", "x", ())),
        (b'[{"role":"assistant","images":["https://x/a.png"]}]', Message("assistant", "", ("https://x/a.png",))),
        (
            b'[{"role":"user","content":[{"type":"file","file":{"file_data":"data:,x"}}]}]',
            Message("user", "", ("data:,x",)),
        ),
    ],
)
def test_messages_of_many_clients(raw: bytes, expected: Message) -> None:
    assert read_messages(raw) == [expected]


@pytest.mark.parametrize("raw", [b"{}", b'[{"role":1}]', b'[{"content":[{"type":"image_url"}]}]', b'[{"content":[7]}]'])
def test_messages_that_say_nothing_are_refused(raw: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        read_messages(raw)
    assert caught.value.param == "messages"
