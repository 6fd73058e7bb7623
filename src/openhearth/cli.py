"""The ``openhearth`` command: where words become calls and failures become exit codes.

``serve`` is on the path of every start, so its plain form is read here without the command-line library, which costs
more than a tenth of a second to import; everything else, help and wrong options included, goes through that library.
"""

import os
import sys
from collections.abc import Sequence

from openhearth.commands import Trouble
from openhearth.config import ConfigError

_SERVE_OPTIONS = ("host", "port", "data", "config")


def main(words: Sequence[str] | None = None) -> int:
    """Run a command (of ``sys.argv`` if not given): 0 done, 1 failed, 2 wrong use or setting, 3 no server."""
    words = sys.argv[1:] if words is None else words
    try:
        options = plain_options(words[1:]) if words and words[0] == "serve" else None
        if options is None:
            # Imported here for the reason the module's head gives.
            from openhearth.commands.tree import run

            return run(words)
        from openhearth.commands.serve import start

        return start(options)
    except ConfigError as error:
        print(f"openhearth: {error}", file=sys.stderr)
        return 2
    except Trouble as trouble:
        print(f"openhearth: {trouble}", file=sys.stderr)
        return trouble.exit_code
    except BrokenPipeError:  # whoever read our output has left, as ``head`` does: nothing more is written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def plain_options(words: Sequence[str]) -> dict[str, str] | None:
    """``--name value`` and ``--name=value`` pairs of ``serve``; ``None`` when anything else is among ``words``."""
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, has_value, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in _SERVE_OPTIONS:
            return None
        found[name] = value if has_value else next(rest, "")
        if not found[name]:
            return None
    return found
