"""A scan that is not ours to give on: the exam paper among the test files of a published crate. A test that wants it
fetches it from the crates registry, checks what came, and keeps it beside the packs."""

import hashlib
import io
import os
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from openhearth.engines.packs import packs_folder

CRATE = "https://static.crates.io/crates/mupdf/mupdf-0.8.0.crate"
MEMBER = "mupdf-0.8.0/tests/files/p11.pdf"
SHA256 = "c93906e22f7df2f0bbcd6e7df185a838d25c3e41f04b06ff578d88c1643c935f"
MOST_BYTES = 32 << 20
PATIENCE_S = 120


def exam_paper() -> bytes:
    """A PDF of 14 pages without text: an exam in Chinese with English words, printed and scanned at 300 dpi."""
    kept = packs_folder("", os.environ).with_name("test-papers") / f"{SHA256[:16]}.pdf"
    if not kept.exists():
        _keep(kept, _member(_fetched()))
    data = kept.read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256, kept
    return data


def _fetched() -> bytes:
    try:
        with urllib.request.urlopen(CRATE, timeout=PATIENCE_S) as answer:
            data: bytes = answer.read(MOST_BYTES)
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"needs a scan from the crates registry, which does not answer: {error}")
    return data


def _member(crate: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(crate), mode="r:gz") as files:
        found = files.extractfile(MEMBER)
        assert found is not None
        return found.read(MOST_BYTES)


def _keep(kept: Path, data: bytes) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as written:
        written.write(data)
    Path(written.name).replace(kept)
