"""``python -m openhearth.engines.transcribe``: the process of the engine that hears. The engine host starts it."""

import os
import sys

import msgspec

from openhearth.engines.child import App, run
from openhearth.engines.transcribe.app import build
from openhearth.engines.transcribe.frames import decode, is_last
from openhearth.engines.transcribe.settings import TranscribeSettings
from openhearth.engines.workshop import Workshop

WORKER = "openhearth.engines.transcribe.worker"
_NO_HUB = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def main(settings: dict[str, object]) -> App:
    wanted = msgspec.convert(settings, TranscribeSettings)
    command = (sys.executable, "-P", "-m", WORKER, msgspec.json.encode(wanted).decode())
    workshop = Workshop(command, {**os.environ, **_NO_HUB}, decode=decode, is_last=is_last, silence_s=wanted.silence_s)
    return build(wanted, workshop)


if __name__ == "__main__":
    run(main, sys.argv[1:])
