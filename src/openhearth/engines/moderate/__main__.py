"""``python -m openhearth.engines.moderate``: the moderation engine's process. The engine host starts it."""

import sys

import msgspec

from openhearth.engines.child import App, run
from openhearth.engines.moderate.app import build
from openhearth.engines.moderate.judge import Judge
from openhearth.engines.moderate.settings import ModerateSettings


def main(settings: dict[str, object]) -> App:
    moderate = msgspec.convert(settings, ModerateSettings)
    return build(moderate, Judge(moderate))


if __name__ == "__main__":
    run(main, sys.argv[1:])
