"""The packs of the embedded voices for tests that need the real ones.

A machine with only Python and make cannot fetch a pack that is partly an npm package: there a test is skipped and says
so. Everywhere else a missing pack is a failure, so that nobody believes these tests were run.
"""

import os
import shutil
from collections.abc import Sequence

import pytest

from openhearth.engines.catalogue import load_catalogue
from openhearth.engines.packs import Packs, packs_folder


def needed(names: Sequence[str]) -> Packs:
    """The packs folder, once all of ``names`` are in it."""
    packs = Packs(packs_folder("", os.environ), load_catalogue(), os.environ)
    missing = packs.missing(names)
    lacking = [tool for tool in packs.fetch_tools(missing) if shutil.which(tool) is None]
    if lacking:
        pytest.skip(f"needs {' '.join(missing)}, which cannot be fetched without {' '.join(lacking)}")
    if missing:
        pytest.fail(f"A pack is missing. Run: openhearth packs fetch {' '.join(missing)}")
    return packs
