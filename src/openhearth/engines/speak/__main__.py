"""``python -m openhearth.engines.speak``: a speech engine's process. The engine host starts it."""

import sys

import msgspec

from openhearth.engines.child import App, run
from openhearth.engines.speak.app import build
from openhearth.engines.speak.loading import load
from openhearth.engines.speak.settings import SpeakSettings


def main(settings: dict[str, object]) -> App:
    speak = msgspec.convert(settings, SpeakSettings)
    return build(speak, load(speak))


if __name__ == "__main__":
    run(main, sys.argv[1:])
