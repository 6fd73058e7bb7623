"""How a command talks to the running server: through the admin surface, with the key that lies in the data folder."""

import http.client
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from openhearth.commands import NoServer, Trouble, WrongUse
from openhearth.commands.settings import effective

_ANSWER_S = 120.0
_FIRST_KEY = "first-key"


@dataclass(frozen=True)
class Where:
    """Which server a command means."""

    data: str = ""
    "Data folder of the running server (DATA, or 'data')."
    url: str = ""
    "Address of the server, if it is not on this machine."
    admin_key: str = ""
    "An admin key, if it is not the first key in the data folder."


Server = Annotated[Where, Parameter(name="*")]


class Admin:
    """The admin surface of one server."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/").removesuffix("/v1")  # as clients are given it
        self._key = key
        # A proxy of the environment has no business between this command and its own server.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @property
    def key_id(self) -> str:
        """The id of the key that this command calls with. Raises as ``ask`` does."""
        return str(self.get("/v1/me").get("key_id", ""))

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The decoded JSON answer. Raises NoServer and, when the server says no, Trouble with its words."""
        return self._decoded(self._sent(method, f"/admin/v1{path}", body))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """The decoded JSON answer at any path of the server. Raises as ``ask`` does."""
        return self._decoded(self._sent(method, path, body))

    def get(self, path: str) -> Any:
        """The decoded JSON at any path of the server. Raises as ``ask`` does."""
        return self._decoded(self.read(path))

    def read(self, path: str) -> bytes:
        """The bytes at any path of the server. Raises as ``ask`` does."""
        return self._sent("GET", path, None)

    def _decoded(self, body: bytes) -> Any:
        try:
            return json.loads(body or b"null")
        except ValueError as error:
            raise Trouble(f"{self._url} does not answer like an OpenHearth server.") from error

    def _sent(self, method: str, path: str, body: object) -> bytes:
        try:
            request = urllib.request.Request(
                f"{self._url}{path}",
                method=method,
                data=None if body is None else json.dumps(body).encode(),
                headers={"authorization": f"Bearer {self._key}", "content-type": "application/json"},
            )
            with self._opener.open(request, timeout=_ANSWER_S) as answer:
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError as error:
            raise Trouble(_said(error)) from error
        except (ValueError, http.client.InvalidURL) as error:
            raise WrongUse(f"'{self._url}' is no address like http://localhost:8080, or the key is none.") from error
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise NoServer(
                f"No server answers at {self._url} ({reason}). Start one with 'openhearth serve'."
            ) from error

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The objects of a listing."""
        answer = self.ask("GET", path)
        return list(answer["data"] if isinstance(answer, dict) else answer)

    def every(self, path: str) -> list[dict[str, Any]]:
        """The objects of a listing that comes in pages."""
        found: list[dict[str, Any]] = []
        while True:
            joint = "&" if "?" in path else "?"
            answer = self.ask("GET", f"{path}{joint}offset={len(found)}" if found else path)
            found += answer["data"]
            if not (answer["data"] and answer.get("has_more")):
                return found


def connect(where: Where | None) -> Admin:
    """The server that ``where`` means. Raises NoServer when none runs on that data folder, WrongUse without a key."""
    where = where or Where()
    folder = Path(effective(data=where.data).store.folder)
    url = where.url or _running(folder)
    try:
        key = where.admin_key or (folder / _FIRST_KEY).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongUse(f"There is no key in {folder / _FIRST_KEY}: give one with --admin-key.") from error
    return Admin(url, key)


def keep_first_key(where: Where | None, key: str) -> None:
    """Put a new secret of the key in the data folder in its place: the next command would be refused with the old one.
    Raises Trouble when that cannot be written."""
    path = Path(effective(data=(where or Where()).data).store.folder) / _FIRST_KEY
    draft = path.with_name(f"{_FIRST_KEY}.new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        print(key)
        raise Trouble(f"This is the new key, but {path} cannot be written ({error.strerror}): put it there.") from error


def _running(folder: Path) -> str:
    try:
        return str(json.loads((folder / "server.json").read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoServer(
            f"No server runs on the data folder '{folder}'. Start one with 'openhearth serve', "
            "or name another folder with --data (or DATA)."
        ) from error


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {error.code} {error.reason}."
