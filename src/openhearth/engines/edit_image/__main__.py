"""``python -m openhearth.engines.edit_image``: the editor's process. The engine host starts it."""

import os
import sys

import msgspec

from openhearth.engines.child import App, run
from openhearth.engines.edit_image.app import build
from openhearth.engines.edit_image.settings import EditSettings
from openhearth.engines.edit_image.words import parse
from openhearth.engines.edit_image.workshop import Workshop

WORKER = "openhearth.engines.edit_image.worker"


def main(settings: dict[str, object]) -> App:
    edit = msgspec.convert(settings, EditSettings)
    command = (sys.executable, "-P", "-m", WORKER, msgspec.json.encode(edit).decode())
    return build(edit, parse, Workshop(command, os.environ, limit_s=edit.limit_s))


if __name__ == "__main__":
    run(main, sys.argv[1:])
