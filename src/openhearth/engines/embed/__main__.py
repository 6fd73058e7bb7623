"""``python -m openhearth.engines.embed``: the process of sentence vectors and rerank. The engine host starts it."""

import sys

import msgspec

from openhearth.engines.child import App, run
from openhearth.engines.embed.app import build
from openhearth.engines.embed.graphs import OnnxGraphs
from openhearth.engines.embed.settings import EmbedSettings


def main(settings: dict[str, object]) -> App:
    embed = msgspec.convert(settings, EmbedSettings)
    return build(embed, OnnxGraphs(embed))


if __name__ == "__main__":
    run(main, sys.argv[1:])
