"""``python -m openhearth.engines.chat``: the chat engine's process. The engine host starts it."""

import sys

import msgspec

from openhearth.engines.chat.app import build
from openhearth.engines.chat.runtime import LlamaRuntime
from openhearth.engines.chat.settings import ChatSettings
from openhearth.engines.child import App, run


def main(settings: dict[str, object]) -> App:
    chat = msgspec.convert(settings, ChatSettings)
    return build(chat, LlamaRuntime(chat))


if __name__ == "__main__":
    run(main, sys.argv[1:])
