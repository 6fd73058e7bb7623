"""``openhearth routing``: how a model's targets are chosen, and which models may answer in its place."""

from typing import Literal
from urllib.parse import quote

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("model", "strategy", "fallbacks", "source")


def listing(*, json: bool = False, server: Server | None = None) -> int:
    """List what is said of single models, here or in the settings.

    Args:
        json: print JSON
    """
    rows = connect(server).rows("/routing")
    if json:
        as_json(rows)
    else:
        as_table(rows, _COLUMNS, nothing="Nothing is said of single models: 'routing.strategy' holds for all.")
    return 0


def put(
    model: str,
    *,
    strategy: Literal["weighted", "latency", "affinity"] | None = None,
    fallback: str = "",
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Say how a model's targets are chosen, and which models may answer in its place. Replaces what was said of it.

    Args:
        model: its name
        strategy: weighted, latency (quicker targets get more) or affinity (a session stays at its target)
        fallback: models, best first, separated by commas; answers of theirs carry x-openhearth-model
        json: print JSON
    """
    fallbacks = [name.strip() for name in fallback.split(",") if name.strip()]
    if strategy is None and not fallbacks:
        raise WrongUse("Give --strategy, --fallback or both.")
    body = {"strategy": strategy, "fallbacks": fallbacks}
    rule = connect(server).ask("PUT", f"/routing/{quote(model)}", body)
    if json:
        as_json(rule)
    else:
        after = f"then {', '.join(fallbacks)}" if fallbacks else "no fallback"
        print(f"{model}: {strategy or 'the usual strategy'}, {after}.")
    return 0


def remove(model: str, *, json: bool = False, server: Server | None = None) -> int:
    """Forget what was said of a model; what the settings say of it holds again.

    Args:
        model: its name
        json: print JSON
    """
    answer = connect(server).ask("DELETE", f"/routing/{quote(model)}")
    if json:
        as_json(answer)
    else:
        print(f"Nothing is said of {model} any more.")
    return 0
