"""Tokens as OpenAI's embedding models count them."""

import base64
import hashlib
import time

import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.embed.tokens import COUNT, Tokens


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens()


def test_the_vocabulary_is_the_published_one(tokens: Tokens) -> None:
    lines = b"".join(b"%b %d\n" % (base64.b64encode(word), number) for number, word in enumerate(tokens.words))
    published = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"  # tiktoken, openai_public
    assert hashlib.sha256(lines).hexdigest() == published


@pytest.mark.parametrize(
    ("text", "count"),  # as tiktoken counts them
    [
        ("hello world", 2),
        ("如何退款？退款将在14天内退回原支付卡。", 19),
        ("¿Cómo puedo obtener un reembolso? It's I'LL 12345 foo_bar  baz\n\n  x", 25),
        ("def f(x):\n    return x**2  # comment\n", 13),
        ("😀 emoji مرحبا بالعالم नमस्ते दुनिया Привет, мир", 33),
        (" ", 1),
        ("\n", 1),
        ("a" * 200, 25),
        ("", 0),
    ],
)
def test_texts_have_as_many_tokens_as_openai_says(tokens: Tokens, text: str, count: int) -> None:
    assert tokens.count(text) == count


def test_tokens_become_their_text(tokens: Tokens) -> None:
    assert tokens.decode([15339, 1917]) == "hello world"
    assert tokens.decode([57668, 53901]) == "你好"


def test_half_a_character_is_marked(tokens: Tokens) -> None:
    halves = [number for number, word in enumerate(tokens.words) if word == "你".encode()[:2]]
    assert tokens.decode(halves) == "\ufffd"


@pytest.mark.parametrize("number", [-1, COUNT, 100_257, 10**12])
def test_a_number_that_is_no_text_is_refused(tokens: Tokens, number: int) -> None:
    with pytest.raises(RequestError) as caught:
        tokens.decode([15339, number])
    assert (caught.value.param, caught.value.code) == ("input", "unknown_token")


@pytest.mark.parametrize("run", ["a", "好", " ", "-", "ab1"])
def test_whoever_has_counted_enough_reads_no_further(tokens: Tokens, run: str) -> None:
    """Half a minute of a core was spent on such a text before it was refused."""
    began_s = time.process_time()
    assert 1000 < tokens.count(run * 2_000_000, 1000) < 10_000
    assert time.process_time() - began_s < 2.0


def test_the_start_of_a_run_without_blanks_is_cut_between_characters(tokens: Tokens) -> None:
    text = "退款将在十四天内退回到您原来用来支付的银行卡上"
    start = tokens.first(text, 8)
    assert start == text[: len(start)] != ""
    assert tokens.count(start) <= 8
    assert "\ufffd" not in start
    assert tokens.first("a" * 20_000, 1000) == "a" * 8000


def test_a_text_is_cut_between_words(tokens: Tokens) -> None:
    assert tokens.first("one two three four", 2) == "one two"
    assert tokens.first("one two", 5) == "one two"
