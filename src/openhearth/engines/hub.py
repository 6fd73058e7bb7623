"""Model hubs as a source of packs: whole files at pinned revisions, over plain HTTP with resumption.

The standard library's client is enough: this blocks, runs in a command or a thread of its own, and moves one file at
a time. Proxies are those of the environment. What arrives is hashed as it streams; a hub's redirect to its content
network is followed, never from https to http.
"""

import hashlib
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import msgspec

from openhearth.config import Hubs
from openhearth.engines.catalogue import HubName, HubPlace, Pack, PackError, PackFile
from openhearth.engines.hub_http import Answer, ask
from openhearth.engines.staging import PART, Advance, Hopeless, Stage, length_of

CHUNK_BYTES = 1024 * 1024
PROBE_S = 3.0
_FORMS: Mapping[HubName, str] = {
    # https://huggingface.co/docs/hub/models-downloading and https://modelscope.cn/docs/models/download
    "huggingface": "{base}/{repo}/resolve/{revision}/{file}",
    "modelscope": "{base}/models/{repo}/resolve/{revision}/{file}",
}


class Patience(msgspec.Struct, frozen=True):
    """Seconds to wait for a connection or for the next bytes, and between two tries; ``tries`` without any progress are
    given up. A hub that could not be reached is not asked again for ``rest_s``."""

    wait_s: float = 10.0
    pause_s: float = 1.0
    tries: int = 4
    rest_s: float = 60.0


class Hub:
    """``staging.Source`` over the configured hubs."""

    name = "model hub"

    def __init__(self, hubs: Hubs, environ: Mapping[str, str], patience: Patience | None = None) -> None:
        named: dict[HubName, str] = {"huggingface": hubs.huggingface, "modelscope": hubs.modelscope}
        self._bases = {at: base.rstrip("/") for at, base in named.items() if base}
        self._environ = environ
        self._patience = patience or Patience()
        self._down: dict[HubName, tuple[float, str]] = {}

    def offers(self, pack: Pack) -> bool:
        return any(place.at in self._bases for file in pack.files for place in file.hub)

    def reachable(self) -> dict[str, str]:
        """Each hub's base address, and why it cannot be reached (empty: it can). Blocks for some seconds."""
        found = {}
        for at, base in self._bases.items():
            try:
                ask(base, self._environ, method="HEAD", timeout_s=min(self._patience.wait_s, PROBE_S)).close()
                found[base] = ""
            except urllib.error.HTTPError as error:
                error.close()
                found[base] = ""  # it answered
            except (OSError, http.client.HTTPException, ValueError) as error:
                found[base] = _why(error)
                self._down[at] = (time.monotonic(), found[base])
        return found

    def take(self, pack: Pack, stage: Stage, advance: Advance) -> None:
        """File by file, each from the first place that has it. Raises PackError with every reason."""
        said = []
        for file in stage.wanting():
            reasons = []
            for place in file.hub:
                if place.at in self._bases:
                    try:
                        self._fetch(place, file, stage, _Telling(pack, stage, advance))
                        break
                    except Hopeless:
                        raise
                    except PackError as error:
                        reasons.append(str(error))
            else:
                said.append(f"{file.name}: {' '.join(dict.fromkeys(reasons)) or 'no hub is known to have it.'}")
        if said:
            raise PackError(" ".join(said[:3]))

    def url(self, place: HubPlace) -> str:
        """The address of a file in the hub's own form."""
        parts = {name: urllib.parse.quote(getattr(place, name)) for name in ("repo", "revision", "file")}
        return _FORMS[place.at].format(base=self._bases[place.at], **parts)

    def _fetch(self, place: HubPlace, file: PackFile, stage: Stage, telling: "_Telling") -> None:
        down_at, why = self._down.get(place.at, (-1e9, ""))
        host = self._bases[place.at]
        if time.monotonic() - down_at < self._patience.rest_s:
            raise PackError(f"{host} cannot be reached: {why}.")
        part = stage.path(file.name + PART)
        stage.check_room(max(0, file.size_bytes - length_of(part)))
        transfer = _Transfer(self.url(place), place, file, part)
        failed = 0
        while not transfer.is_complete:
            before = transfer.length
            try:
                transfer.go_on(self._environ, self._patience, telling)
            except (OSError, http.client.HTTPException) as error:
                failed = 0 if transfer.length > before else failed + 1
                if _is_unreachable(error) and not transfer.length:
                    self._down[place.at] = (time.monotonic(), _why(error))
                    raise PackError(f"{host} cannot be reached: {_why(error)}.") from error
                if failed >= self._patience.tries:
                    raise PackError(f"{host} broke off {failed} times in a row: {_why(error)}.") from error
                time.sleep(self._patience.pause_s)
        digest = transfer.checked()
        part.replace(stage.path(file.name))
        stage.keep(file, digest)


class _Telling:
    """Progress of one file as progress of its pack."""

    def __init__(self, pack: Pack, stage: Stage, advance: Advance) -> None:
        self._before = sum(kept.size_bytes for kept in stage.done.values())
        self._total = max(pack.download_bytes, pack.installed_bytes)
        self._advance = advance

    def __call__(self, done_bytes: int, whole_bytes: int) -> None:
        known = self._total if self._total else self._before + whole_bytes
        self._advance("download", self._before + done_bytes, max(known, self._before + done_bytes))


class _Transfer:
    """One file on its way into ``part``, over as many connections as it takes."""

    def __init__(self, url: str, place: HubPlace, file: PackFile, part: Path) -> None:
        self._url = url
        self._place = place
        self._file = file
        self._part = part
        self._hash = hashlib.sha256()
        self._said = ""
        self._whole = file.size_bytes
        self.length = 0
        self.is_complete = False
        if part.exists():
            self._read_again()

    def go_on(self, environ: Mapping[str, str], patience: Patience, telling: _Telling) -> None:
        """Ask for what is missing and write it. Returns at the end of an answer, complete or not.

        Raises OSError and HTTPException for what another try may mend, PackError for what it cannot.
        """
        try:
            answer = ask(self._url, environ, start=self.length, timeout_s=patience.wait_s)
        except urllib.error.HTTPError as error:
            error.close()
            self._refused(error)
            return
        except ValueError as error:
            raise PackError(f"{self._url}: {error}.") from error
        with answer.body as body:
            self._begin(answer)
            telling(self.length, self._whole)
            self._write(body, telling)
        self.is_complete = self.length == self._whole if self._whole else answer.is_unbounded
        if not self.is_complete:
            raise ConnectionResetError(f"the answer ended after {self.length} of {self._whole} bytes")

    def checked(self) -> str:
        """The file's SHA-256, once it has been found right. Raises PackError and deletes it when it is not."""
        digest = self._hash.hexdigest()
        wanted = self._file.sha256 or self._said
        if not wanted and not self._place.is_pinned:
            raise self._wrong("says nothing of the file's hash, and the list of packs neither")
        # A small file is kept in the repository itself: there the hub says git's hash of a blob.
        found = _git_hash(self._part) if len(wanted) == 40 else digest
        if wanted and found != wanted:
            raise self._wrong(f"has {self._place.file} with SHA-256 {found}, expected {wanted}")
        return digest

    def _begin(self, answer: Answer) -> None:
        self._said = answer.said_hash or self._said
        if self._file.sha256 and len(self._said) == 64 and self._said != self._file.sha256:
            raise self._wrong(f"has another {self._place.file}: it says SHA-256 {self._said}")
        if answer.start != self.length:
            self._part.unlink(missing_ok=True)
            self._hash, self.length = hashlib.sha256(), 0
            if answer.start:
                raise ConnectionResetError("the hub sent another part than was asked for")
        whole = answer.whole_bytes
        if self._file.size_bytes and whole and whole != self._file.size_bytes:
            raise self._wrong(f"has {self._place.file} with {whole} bytes, expected {self._file.size_bytes}")
        self._whole = whole or self._whole

    def _write(self, body: http.client.HTTPResponse, telling: _Telling) -> None:
        with self._part.open("ab") as out:
            while data := body.read(CHUNK_BYTES):
                self.length += len(data)
                if self._whole and self.length > self._whole:
                    raise self._wrong(f"sends more than {self._whole} bytes for {self._place.file}")
                out.write(data)
                self._hash.update(data)
                telling(self.length, self._whole)

    def _refused(self, error: urllib.error.HTTPError) -> None:
        if error.code == 416 and self.length:  # nothing after what we have: it is whole, or begin anew
            if self.length == self._whole:
                self.is_complete = True
                return
            self._part.unlink(missing_ok=True)
            self._hash, self.length = hashlib.sha256(), 0
            raise ConnectionResetError("the hub has a shorter file")
        if error.code in (408, 425, 429) or error.code >= 500:
            raise ConnectionResetError(f"it answered {error.code}")
        if error.code in (401, 403):
            raise PackError(f"{self._url} is refused ({error.code}): the repository is private or asks for a login.")
        raise PackError(f"{self._url} answered {error.code}.")

    def _wrong(self, what: str) -> PackError:
        self._part.unlink(missing_ok=True)
        return PackError(f"{self._url} {what}. It was deleted.")

    def _read_again(self) -> None:
        with self._part.open("rb") as file:
            while data := file.read(CHUNK_BYTES):
                self._hash.update(data)
                self.length += len(data)


def _git_hash(path: Path) -> str:
    digest = hashlib.sha1(b"blob %d\0" % length_of(path), usedforsecurity=False)
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
    return digest.hexdigest()


def _is_unreachable(error: Exception) -> bool:
    """No connection at all, as against one that broke."""
    return isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError)


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason).rstrip(".") or type(error).__name__
