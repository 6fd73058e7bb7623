"""Signed receipts: what was asked, what came back, what was counted and charged, for others to check without us.

A receipt is a JWS (RFC 7515) with Ed25519 (RFC 8037): the payload is JSON in UTF-8 with sorted keys and no white space
(RFC 8785 for what is in it). The readable form shows the payload; the compact form is made of it and back.
Verifying needs this module and a public key, no server. The same call always has the same receipt.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from openhearth.accounts.call_book import counted, usage_of
from openhearth.accounts.secrets import secret_file
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.receipt_ports import DigestRecord

KEY_FILE = "receipt-key"
OBJECT = "call.receipt"
_TYPE = "openhearth-receipt"
_HEADER_NAMES = {"alg", "kid", "typ"}
_NAMES = {"object", "payload", "key_id", "signature"}


class BadReceipt(Exception):
    """Something is no receipt, or was changed after it was signed; the message says which."""


class Verified(msgspec.Struct, frozen=True):
    """A receipt whose signature is right. ``key_id`` is the public key that made it, in base64url."""

    payload: dict[str, Any]
    key_id: str


class ReceiptKey:
    """The key of this installation that signs receipts."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key()
        self.key_id = _encoded(self._public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def jws(self, payload: dict[str, Any]) -> str:
        """The receipt in its compact form."""
        signed = _signed_part(self.key_id, canonical(payload))
        return f"{signed}.{_encoded(self._key.sign(signed.encode()))}"

    def receipt(self, payload: dict[str, Any]) -> bytes:
        """The receipt in its readable form."""
        signature = self.jws(payload).rpartition(".")[2]
        return canonical({"object": OBJECT, "payload": payload, "key_id": self.key_id, "signature": signature})

    def shown(self) -> dict[str, Any]:
        """The public key in the forms in which other programs take it (JWK: RFC 8037, section 2)."""
        pem = self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": self.key_id, "kid": self.key_id, "use": "sig", "alg": "EdDSA"}
        return {"object": "receipt.key", "key_id": self.key_id, "jwk": jwk, "pem": pem}


def open_receipt_key(folder: Path) -> ReceiptKey:
    """The key in the data folder, made if absent. Blocking. Raises ConfigError when others can read it."""
    return ReceiptKey(bytes.fromhex(secret_file(folder / KEY_FILE).reveal()))


def payload_of(entry: LedgerEntry, digests: DigestRecord) -> dict[str, Any]:
    """What the receipt of a settled call says. Whole numbers and texts only."""
    return {
        "version": 1,
        "call_id": entry.effect,
        "operation": entry.operation,
        "model": entry.model,
        "model_returned": digests.model_returned,
        "target_id": entry.target_id,
        "outcome": entry.outcome,
        "status": digests.status,
        "created_at_ms": round(entry.created_at * 1000),
        "first_byte_ms": entry.first_byte_ms,
        "duration_ms": entry.duration_ms,
        "usage": counted(usage_of(entry)),
        "usage_source": entry.usage_source,
        "price_version": entry.price_version,
        "charge_nanos": entry.charge_nanos,
        "currency": "USD",
        "request_sha256": digests.request_sha256,
        "request_bytes": digests.request_bytes,
        "answer_sha256": digests.answer_sha256,
        "answer_bytes": digests.answer_bytes,
        "answer_complete": digests.answer_complete,
    }


def verified(data: bytes) -> Verified:
    """Either form of a receipt. Raises BadReceipt unless the key that it names signed every byte of what it says."""
    text = _text(data).strip()
    signed, payload, key_id, signature = _readable(text) if text.startswith("{") else _compact(text)
    try:
        public = Ed25519PublicKey.from_public_bytes(_decoded(key_id, "key"))
        public.verify(_decoded(signature, "signature"), signed.encode())
    except ValueError as error:
        raise BadReceipt("The receipt's key is no Ed25519 key.") from error
    except InvalidSignature as error:
        raise BadReceipt("The signature is wrong: the receipt was changed, or another key signed it.") from error
    return Verified(payload, key_id)


def key_id_of(text: str) -> str:
    """The id of a public key, given as such, as JWK or as PEM, or as what ``/v1/receipts/key`` answers.

    Raises BadReceipt.
    """
    text = text.strip()
    try:
        if text.startswith("-----"):
            key = load_pem_public_key(text.encode())
            if not isinstance(key, Ed25519PublicKey):
                raise BadReceipt("The key is no Ed25519 key.")
            return _encoded(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
        if text.startswith("{"):
            given = json.loads(text)
            text = str(given.get("x") or given.get("key_id"))
        Ed25519PublicKey.from_public_bytes(_decoded(text, "key"))
    except ValueError as error:
        raise BadReceipt("The key is neither 43 characters of base64url nor a JWK nor PEM.") from error
    return text


def canonical(value: object) -> bytes:
    """JSON with sorted keys and without white space."""
    return msgspec.json.encode(value, order="sorted")


def _signed_part(key_id: str, payload: bytes) -> str:
    header = canonical({"alg": "EdDSA", "kid": key_id, "typ": _TYPE})
    return f"{_encoded(header)}.{_encoded(payload)}"


def _readable(text: str) -> tuple[str, dict[str, Any], str, str]:
    """What was signed, its payload, the key and the signature."""
    found = _object(text)
    key_id, signature, payload = found.get("key_id"), found.get("signature"), found.get("payload")
    is_ours = set(found) == _NAMES and found["object"] == OBJECT
    if not (is_ours and isinstance(key_id, str) and isinstance(signature, str) and isinstance(payload, dict)):
        raise BadReceipt(f"This is no receipt: it has 'object': '{OBJECT}', 'payload', 'key_id' and 'signature' only.")
    try:
        signed = _signed_part(key_id, canonical(payload))
    except (ValueError, OverflowError) as error:  # half a surrogate pair, a number beyond 64 bits
        raise BadReceipt("This is no receipt: it holds what no receipt can hold.") from error
    return signed, payload, key_id, signature


def _compact(text: str) -> tuple[str, dict[str, Any], str, str]:
    parts = text.split(".")
    if len(parts) != 3:
        raise BadReceipt("This is no receipt: neither JSON nor three parts of base64url with points between them.")
    header = _object(_text(_decoded(parts[0], "header")))
    is_ours = set(header) == _HEADER_NAMES and header["alg"] == "EdDSA" and header["typ"] == _TYPE
    if not (is_ours and isinstance(header["kid"], str)):
        raise BadReceipt(f"This is no receipt: its header has not 'alg': 'EdDSA', 'typ': '{_TYPE}' and 'kid'.")
    return f"{parts[0]}.{parts[1]}", _object(_text(_decoded(parts[1], "payload"))), header["kid"], parts[2]


def _object(text: str) -> dict[str, Any]:
    """One JSON object in which no name comes twice."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadReceipt("This is no receipt: it is not one object of JSON.") from error
    if not isinstance(found, dict):
        raise BadReceipt("This is no receipt: it is not one object of JSON.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadReceipt("This is no receipt: it is not text in UTF-8.") from error


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str, what: str) -> bytes:
    """Base64url without padding, in its one right form: bits that carry nothing must be zero."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NotBase64, ValueError) as error:
        raise BadReceipt(f"The receipt's {what} is not base64url.") from error
    if _encoded(data) != text:
        raise BadReceipt(f"The receipt's {what} is not base64url.")
    return data
