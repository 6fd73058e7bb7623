"""Files of installed packs for tests of the editor; a test that needs a pack is skipped where it is missing."""

import os
from pathlib import Path

import pytest

from openhearth.engines.packs import packs_folder


def pack_file(pack: str, file: str) -> Path:
    """Where a file of the newest installed version of a pack lies."""
    found = sorted(packs_folder("", os.environ).glob(f"{pack}/*/{file}"))
    if not found:
        pytest.skip(f"needs the pack: openhearth packs fetch {pack}")
    return found[-1]
