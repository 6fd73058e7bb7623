"""``python -m openhearth.engines.poster``: the poster engine's process. The engine host starts it."""

import sys

import cv2
import msgspec

from openhearth.engines.child import App, run
from openhearth.engines.poster.app import build
from openhearth.engines.poster.raster import Fonts
from openhearth.engines.poster.settings import PosterSettings
from openhearth.engines.poster.studio import Studio


def main(settings: dict[str, object]) -> App:
    poster = msgspec.convert(settings, PosterSettings)
    cv2.setNumThreads(1)
    return build(poster, Studio(Fonts(poster.fonts())))


if __name__ == "__main__":
    run(main, sys.argv[1:])
