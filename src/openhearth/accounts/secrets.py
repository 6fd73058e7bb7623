"""The secrets of the installation: the pepper of API keys, and the master key that seals upstream credentials.

Both lie in the data folder, readable by their owner only, and are made on the first start.
"""

import os
import secrets
import stat
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openhearth.config import ConfigError
from openhearth.core.provider import Secret

MASTER_KEY = "master-key"
NEXT_KEY = "master-key.next"
PEPPER = "pepper"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_LABEL_CHARS = len("v1:01234567:")
_CREDENTIAL_BYTES = 64 * 1024


class Secrets(msgspec.Struct, frozen=True):
    """What ``open_secrets`` found or made. ``master_key`` is ``None`` where it was lost and the rest is there."""

    master_key: Secret | None
    pepper: Secret
    folder: Path

    def vault(self) -> "Vault":
        """The vault that the master key opens. Raises ConfigError when it was lost."""
        if self.master_key is None:
            raise ConfigError(f"The file {self.folder / MASTER_KEY} is missing. Restore it from a backup.")
        return Vault(bytes.fromhex(self.master_key.reveal()), self.folder)

    def pepper_bytes(self) -> bytes:
        return bytes.fromhex(self.pepper.reveal())


def open_secrets(folder: Path) -> Secrets:
    """The secrets in ``folder``, made on the first start. Blocking; for the start of the program.

    A master key that is missing later is not made anew here: ``accounts.rotation.open_vault`` looks whether something
    was sealed with it. Raises ConfigError, which says the fix, when others can read the folder or a secret.
    """
    guard_folder(folder)
    was_lost = (folder / PEPPER).exists() and not (folder / MASTER_KEY).exists()
    master_key = None if was_lost else secret_file(folder / MASTER_KEY)
    return Secrets(master_key, secret_file(folder / PEPPER), folder)


def guard_folder(folder: Path) -> None:
    """Make the data folder for its owner alone, or check that others cannot read it.

    An empty folder has nothing to read yet, so it is closed instead of refused. Raises ConfigError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & stat.S_IRWXO and not any(folder.iterdir()):
            folder.chmod(mode & ~stat.S_IRWXO)
            return
    except OSError as error:
        raise ConfigError(f"The data folder {folder} cannot be used: {error.strerror}.") from error
    if mode & stat.S_IRWXO:
        raise ConfigError(
            f"The data folder {folder} is open to every user of this machine (mode {mode:04o}). "
            f"It holds keys and prompts. Close it: chmod 700 {folder}"
        )


class Vault:
    """Seals upstream credentials with AES-256-GCM. The text form is ``v1:<key id>:<base64 of nonce and cipher>``.

    It opens with every key that it knows and seals with the newest. ``folder`` is where keys lie: another process may
    have put a new one there (``accounts.rotation``).
    """

    def __init__(self, key: bytes, folder: Path | None = None) -> None:
        self._folder = folder
        self._ciphers: dict[str, AESGCM] = {}
        self._label = ""
        self.adopt(key)

    def adopt(self, key: bytes) -> None:
        """Seal with ``key`` from now on; what other keys sealed can still be opened."""
        self._label = _label_of(key)
        self._ciphers[self._label] = AESGCM(key)

    @property
    def key_id(self) -> str:
        """The name of the key that seals."""
        return self._label.split(":")[1]

    def is_current(self, sealed: str) -> bool:
        """Whether the key that seals now sealed this."""
        return sealed.startswith(self._label)

    def seal(self, value: str) -> str:
        """``value`` as text that may be stored."""
        self._look()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        closed = self._ciphers[self._label].encrypt(nonce, value.encode(), self._label.encode())
        return self._label + b64encode(nonce + closed).decode()

    def unseal(self, sealed: str) -> Secret:
        """The credential in ``sealed``. Raises ConfigError when another master key sealed it or it was changed."""
        label = sealed[:_LABEL_CHARS]
        if label not in self._ciphers:
            self._look()
        cipher = self._ciphers.get(label)
        if cipher is None:
            raise ConfigError(
                "A stored credential was sealed with another master key. "
                f"Restore the file '{MASTER_KEY}' that belongs to this database, or attach the target again."
            )
        try:
            closed = b64decode(sealed[_LABEL_CHARS:], validate=True)
            clear = cipher.decrypt(closed[:_NONCE_BYTES], closed[_NONCE_BYTES:], label.encode())
        except (NotBase64, InvalidTag, ValueError) as error:
            raise ConfigError("A stored credential is damaged. Attach the target again.") from error
        return Secret(clear.decode())

    def _look(self) -> None:
        """Take over a key that another process made. What cannot be read now is told at the next start."""
        for name in (MASTER_KEY, NEXT_KEY):
            try:
                key = bytes.fromhex(_read_secret(self._folder / name).reveal()) if self._folder else b""
            except (OSError, ConfigError):
                continue
            if key and _label_of(key) != self._label:
                self.adopt(key)

    def resolve(self, credential: str, environ: Mapping[str, str]) -> Secret | None:
        """The secret behind a target's credential: sealed text, ``env:NAME``, ``file:PATH``; ``None`` for none.

        Blocking for ``file:``. Raises ConfigError naming what is missing, never the secret.
        """
        return self.unseal(credential) if credential.startswith("v1:") else credential_of(credential, environ)


def _label_of(key: bytes) -> str:
    return f"v1:{sha256(b'openhearth master key id' + key).hexdigest()[:8]}:"


def credential_of(reference: str, environ: Mapping[str, str]) -> Secret | None:
    """The secret that ``env:NAME`` or ``file:PATH`` names; ``None`` for an empty reference.

    Blocking for ``file:``. Raises ConfigError naming what is missing, never the secret.
    """
    if not reference:
        return None
    kind, _, rest = reference.partition(":")
    if kind == "env":
        return _from_environment(rest, environ)
    if kind == "file":
        return _from_file(Path(rest))
    raise ConfigError("A credential is 'env:NAME' or 'file:PATH'; this one is neither.")


def _from_environment(name: str, environ: Mapping[str, str]) -> Secret:
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigError(f"The environment variable {name}, which holds a target's credential, is not set.")
    return Secret(value)


def _from_file(path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            text = file.read(_CREDENTIAL_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {path}, which holds a target's credential, cannot be read.") from error
    if not text:
        raise ConfigError(f"The file {path}, which holds a target's credential, is empty.")
    return Secret(text)


def secret_file(path: Path) -> Secret:
    """The 32 bytes in ``path``, in hexadecimal, made if absent and for their owner alone. Blocking.

    Raises ConfigError when others can read the file, or it holds something else.
    """
    try:
        return _read_secret(path)
    except FileNotFoundError:
        _make_secret(path)
    return _read_secret(path)


def _read_secret(path: Path) -> Secret:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path} can be read by others (mode {mode:04o}). Close it: chmod 600 {path}")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        right = len(bytes.fromhex(text)) == _KEY_BYTES
    except ValueError:
        right = False
    if not right:
        raise ConfigError(f"{path} does not hold {_KEY_BYTES} bytes in hexadecimal. Restore it from a backup.")
    return Secret(text)


def _make_secret(path: Path) -> None:
    """Appears whole or not at all; of two that start at once, the first wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
