"""``openhearth receipt``: fetch the signed receipt of a call, and check one without any server."""

import sys
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import Parameter

from openhearth.accounts.amounts import usd_of_nanos
from openhearth.accounts.receipts import BadReceipt, Verified, key_id_of, verified
from openhearth.commands import Trouble, WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.show import as_json

_MOST_BYTES = 1024 * 1024
_PIECE_BYTES = 1024 * 1024


def get(call: str, *, jws: bool = False, out: Path | None = None, server: Server | None = None) -> int:
    """Fetch the receipt of a call that was made with the header x-openhearth-receipt: true.

    Args:
        call: its id (call_…), which every answer carries as x-request-id
        jws: the compact form, for other programs
        out: write it to this file instead of printing it
    """
    receipt = connect(server).read(f"/v1/calls/{quote(call, safe='')}/receipt?format={'jws' if jws else 'json'}")
    if out is None:
        print(receipt.decode())
        return 0
    try:
        out.write_bytes(receipt)
    except OSError as error:
        raise WrongUse(f"{out} cannot be written: {error.strerror}.") from error
    return 0


def key(*, json: bool = False, server: Server | None = None) -> int:
    """Print the public key that the server signs receipts with.

    Args:
        json: print JSON, with the key as JWK and PEM
    """
    found = connect(server).get("/v1/receipts/key")
    if json:
        as_json(found)
    else:
        print(found["key_id"])
    return 0


def verify(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    *,
    key: str = "",
    request: Path | None = None,
    answer: Path | None = None,
    json: bool = False,
) -> int:
    """Check a receipt, without a server. Fails when one byte of it, of the request or of the answer is another one.

    Args:
        file: the receipt, in either form (- for standard input)
        key: the public key that must have signed it, or a file with it; without one, anybody may have
        request: the file that was sent as the request's body
        answer: the file that was received as the answer's body
        json: print JSON
    """
    if file.name.startswith("-") and str(file) != "-":  # a misspelt option, which was taken for the file
        raise WrongUse(f"There is no option {file}.")
    trusted = _key(key) if key else ""
    try:
        found = verified(_read(file))
        if trusted and found.key_id != trusted:
            raise BadReceipt(f"Another key signed this receipt: {found.key_id}.")
        for name, path in (("request", request), ("answer", answer)):
            if path is not None:
                _compare(found, name, path)
    except BadReceipt as error:
        if not json:
            raise Trouble(f"{file}: {error}") from error
        as_json({"valid": False, "reason": str(error)})
        return 1
    compared = [name for name, path in (("request", request), ("answer", answer)) if path is not None]
    if json:
        as_json(
            {
                "valid": True,
                "key_id": found.key_id,
                "key_is_trusted": bool(trusted),
                "compared": compared,
                "payload": found.payload,
            }
        )
    else:
        print("\n".join(_words(found, compared, is_trusted=bool(trusted))))
    return 0


def _words(found: Verified, compared: list[str], *, is_trusted: bool) -> list[str]:
    said = found.payload
    charge = said.get("charge_nanos")
    lines = [f"The receipt is unchanged since {found.key_id} signed it."]
    lines += [f"The {name} is the one it was made for." for name in compared]
    lines += [f"  {name}: {value}" for name, value in said.items() if not isinstance(value, dict)]
    lines += [f"  {name}: {value}" for name, value in dict(said.get("usage") or {}).items()]
    if isinstance(charge, int):
        lines.append(f"  charged: {usd_of_nanos(charge)} USD")
    if not is_trusted:
        lines.append("Whose key that is was not said: compare it with GET /v1/receipts/key, and give it as --key.")
    return lines


def _compare(found: Verified, name: str, path: Path) -> None:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from error
    if digest.hexdigest() != found.payload.get(f"{name}_sha256"):
        raise BadReceipt(f"{path} is not the {name} that the receipt was made for: its SHA-256 is another one.")


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(_MOST_BYTES)
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES)
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}.") from error


def _key(given: str) -> str:
    """The id of the key in ``given``: itself, or what a file of that name holds."""
    path = Path(given)
    try:
        text: Any = path.read_text(encoding="utf-8") if path.is_file() else given
        return key_id_of(text)
    except (OSError, UnicodeDecodeError, BadReceipt) as error:
        raise WrongUse(f"--key: {error}") from error
