"""Receipts: anybody can check them, and one changed byte anywhere is found."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from openhearth.accounts.receipts import (
    BadReceipt,
    ReceiptKey,
    canonical,
    key_id_of,
    open_receipt_key,
    payload_of,
    verified,
)
from openhearth.config import ConfigError
from openhearth.core.call import Usage
from openhearth.stores.receipt_ports import DigestRecord
from tests.fakes.settled import ROW, settled

KEY = ReceiptKey(b"k" * 32)
DIGESTS = DigestRecord("call_1", "ab" * 32, 120, "cd" * 32, 456, True, 200, "gpt-4o-2024-08-06", 1_795_000_001.0)
PAYLOAD = payload_of(settled(Usage(input_tokens=100, cached_tokens=40, source="upstream"), ROW), DIGESTS)
READABLE, COMPACT = KEY.receipt(PAYLOAD), KEY.jws(PAYLOAD).encode()
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def test_a_receipt_says_what_was_asked_counted_and_charged() -> None:
    assert verified(READABLE).payload == verified(COMPACT).payload == PAYLOAD
    assert verified(READABLE).key_id == KEY.key_id
    assert {name: PAYLOAD[name] for name in ("call_id", "target_id", "model", "model_returned", "price_version")} == {
        "call_id": "call_1",
        "target_id": "target_1",
        "model": "gpt-4o",
        "model_returned": "gpt-4o-2024-08-06",
        "price_version": 7,
    }
    assert PAYLOAD["usage"] == {"input_tokens": 100, "cached_tokens": 40}
    assert (PAYLOAD["charge_nanos"], PAYLOAD["created_at_ms"]) == (200_000, 1_795_000_000_250)
    assert (PAYLOAD["request_sha256"], PAYLOAD["answer_sha256"]) == ("ab" * 32, "cd" * 32)


def test_the_same_call_has_the_same_receipt() -> None:
    assert KEY.receipt(PAYLOAD) == READABLE


def test_another_program_can_check_it_with_nothing_but_the_standards() -> None:
    header, payload, signature = COMPACT.decode().split(".")

    def read(text: str) -> bytes:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))

    said = json.loads(read(header))
    assert said == {"alg": "EdDSA", "kid": KEY.key_id, "typ": "openhearth-receipt"}
    public = load_pem_public_key(KEY.shown()["pem"].encode())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(read(signature), f"{header}.{payload}".encode())
    assert read(payload) == json.dumps(PAYLOAD, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_the_public_key_is_that_of_the_standard() -> None:
    """RFC 8037, appendix A.1 and A.2."""

    def read(text: str) -> bytes:
        return urlsafe_b64decode(text + "=")

    key = ReceiptKey(read("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
    assert key.key_id == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.shown()["jwk"]["x"] == key.key_id


@given(st.data())
def test_one_changed_byte_is_found(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([READABLE, COMPACT]))
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    with pytest.raises(BadReceipt):
        verified(whole[:at] + bytes([other]) + whole[at + 1 :])


@pytest.mark.parametrize("whole", [READABLE, COMPACT], ids=["json", "jws"])
def test_every_single_bit_counts(whole: bytes) -> None:
    for at in range(len(whole)):
        for bit in range(8):
            changed = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
            with pytest.raises(BadReceipt):
                verified(changed)


@given(st.data())
def test_what_is_cut_or_added_is_found(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([READABLE, COMPACT]))
    at = data.draw(st.integers(0, len(whole) - 1))
    more = data.draw(st.binary(min_size=1, max_size=4).filter(lambda text: bool(text.strip())))
    for changed in (whole[:at], whole[:at] + whole[at + 1 :], whole[:at] + more + whole[at:]):
        try:
            found = verified(changed)
        except BadReceipt:
            continue
        assert found.payload == PAYLOAD  # white space between names of JSON is no change of what is said


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(BadReceipt):
        verified(data)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"object": "receipt"},
        {"payload": "text"},
        {"payload": {"a": "\ud800"}},
        {"payload": {"a": 10**400}},
        {"key_id": 5},
        {"key_id": "AA"},
        {"key_id": "\ud800"},
        {"signature": None},
        {"signature": ""},
    ],
)
def test_a_receipt_of_another_shape_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadReceipt):
        verified(json.dumps({**json.loads(READABLE), **change}).encode())


def test_a_name_that_comes_twice_is_refused() -> None:
    doubled = READABLE.replace(b'"payload":', b'"payload":{"charge_nanos":0},"payload":')
    with pytest.raises(BadReceipt, match="not one object"):
        verified(doubled)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": KEY.key_id, "typ": "openhearth-receipt"},
        {"alg": "EdDSA", "kid": KEY.key_id, "typ": "JWT"},
        {"alg": "EdDSA", "kid": KEY.key_id, "typ": "openhearth-receipt", "crit": ["x"]},
        {"alg": "EdDSA", "typ": "openhearth-receipt"},
    ],
)
def test_a_header_that_says_anything_else_is_refused(header: dict[str, object]) -> None:
    other = urlsafe_b64encode(canonical(header)).rstrip(b"=")
    with pytest.raises(BadReceipt):
        verified(other + COMPACT[COMPACT.index(b".") :])


def test_a_receipt_printed_for_people_is_still_one() -> None:
    pretty = json.dumps(json.loads(READABLE), indent=2).encode() + b"\n"
    assert verified(pretty).payload == PAYLOAD


@given(st.dictionaries(TEXT, st.integers(-(2**53), 2**53) | TEXT | st.booleans() | st.none(), max_size=6))
def test_the_canonical_form_is_sorted_and_bare(value: dict[str, object]) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    ordered = sorted(value, key=lambda name: name.encode())
    assert list(json.loads(text)) == ordered


def test_a_key_is_taken_in_every_form_it_is_given_in() -> None:
    shown = KEY.shown()
    forms = [KEY.key_id, f" {KEY.key_id}\n", shown["pem"], json.dumps(shown["jwk"]), json.dumps(shown)]
    assert {key_id_of(form) for form in forms} == {KEY.key_id}
    foreign = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
    for wrong in ("", "short", "{}", "{", KEY.key_id + "A", foreign, "\xff" * 43):
        with pytest.raises(BadReceipt):
            key_id_of(wrong)


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    made = open_receipt_key(tmp_path)
    path = tmp_path / "receipt-key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_receipt_key(tmp_path).key_id == made.key_id
    raw = load_pem_public_key(made.shown()["pem"].encode())
    assert isinstance(raw, Ed25519PublicKey)
    assert raw.public_bytes(Encoding.Raw, PublicFormat.Raw) == urlsafe_b64decode(made.key_id + "=")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        open_receipt_key(tmp_path)
