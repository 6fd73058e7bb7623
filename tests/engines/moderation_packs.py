"""The packs of the embedded moderation for tests; a test that needs them is skipped where they are missing."""

import os

import msgspec
import pytest

from openhearth.config import Config
from openhearth.engines.catalogue import load_catalogue
from openhearth.engines.moderate.settings import REQUIRED_PACKS, ModerateSettings, moderate_spec
from openhearth.engines.packs import Packs, packs_folder


def settings() -> ModerateSettings:
    """The platform's own settings, without the optional detector: what is measured must not depend on it."""
    packs = Packs(packs_folder("", os.environ), load_catalogue(), os.environ)
    if missing := packs.missing(REQUIRED_PACKS):
        pytest.skip(f"needs packs: openhearth packs fetch {' '.join(missing)}")
    made = msgspec.convert(moderate_spec(Config(), packs).settings, ModerateSettings)
    return msgspec.structs.replace(made, nudity="", threads=1)
