"""The editor's child process around the scripted worker, as the engine host starts it."""

import os
import sys

import msgspec

from openhearth.core.errors import RequestError
from openhearth.engines.child import App, run
from openhearth.engines.edit_image.app import build
from openhearth.engines.edit_image.plan import Plan, Style
from openhearth.engines.edit_image.settings import EditSettings
from openhearth.engines.edit_image.workshop import Workshop

COMMAND = (sys.executable, "-m", "tests.engines.scripted_worker")
SETTINGS = EditSettings(portrait="", background="", upscale="", fonts="", queue=1, picture_pixels=10_000)


def parse(instruction: str, *, pictures: int = 1) -> Plan:
    if instruction == "nonsense":
        raise RequestError("Not understood: “nonsense”.", code="instruction_not_understood", param="prompt")
    return Plan((Style("oil"),))


def main(settings: dict[str, object]) -> App:
    edit = msgspec.convert({**msgspec.to_builtins(SETTINGS), **settings}, EditSettings)
    return build(edit, parse, Workshop(COMMAND, os.environ, limit_s=edit.limit_s))


if __name__ == "__main__":
    run(main, sys.argv[1:])
