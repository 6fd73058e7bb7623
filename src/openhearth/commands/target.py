"""``openhearth target``: where calls go. Changes reach the running server at once."""

import sys
from typing import Annotated, Any
from urllib.parse import quote as quoted

from cyclopts import Parameter

from openhearth.commands import Trouble, WrongUse
from openhearth.commands.admin import Admin, Server, connect
from openhearth.commands.dollars import rates
from openhearth.commands.show import as_json, as_table
from openhearth.providers import builtin
from openhearth.providers.catalog import match

EMBEDDED = "embedded"  # what the admin surface gives as the address of an embedded engine
_COLUMNS = (
    "id", "provider", "base_url", "model", "upstream_model", "weight", "priority", "concurrency", "enabled",
    "cooling_down", "last_error",
)  # fmt: skip
_HEALTH_COLUMNS = (
    "id", "model", "state", "open", "waiting", "p50_ms", "p95_ms", "failures", "resting_until_at", "last_error",
)  # fmt: skip


def add(
    *,
    base_url: str = "",
    provider: str = "",
    model: str = "*",
    upstream_model: str = "",
    key: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    weight: int = 1,
    priority: int = 0,
    price: str = "",
    concurrency: int = 0,
    rpm: int = 0,
    tpm: int = 0,
    first_token_s: float = 0.0,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Attach a place to send calls to.

    Args:
        base_url: its address with the version segment (https://api.example.com/v1); a known provider has one
        provider: a provider of the catalogue (openai, deepseek, ollama …); found from the address if not given
        model: the name clients use; * for every model the provider has
        upstream_model: the name the provider uses, if it is another
        key: the provider's key, env:NAME to read it from the server's environment, or - to read it from standard input
        weight: its share among targets of the same priority
        priority: lower ones are tried first
        price: what its calls cost, in USD (input=0.15,output=0.60), before any other price; as in 'price set'
        concurrency: most calls open there at once, others wait; 0 for no bound
        rpm: most calls it is sent in a minute; 0 for no bound
        tpm: most tokens it is sent in a minute; 0 for no bound
        first_token_s: seconds within which its streams must begin, or the next target is tried; 0 for no bound
        json: print JSON
    """
    known = builtin()
    if provider and provider not in known and not base_url:
        raise WrongUse(f"'{provider}' is no known provider: give --base-url, or one of {', '.join(sorted(known))}.")
    if not (base_url or provider):
        raise WrongUse("Give --base-url, --provider or both.")
    address = base_url or known[provider].base_url
    found = match(address, known)
    body: dict[str, object] = {
        "provider": provider or (found.name if found else ""),
        "base_url": address,
        "model": model,
        "upstream_model": upstream_model,
        "key": sys.stdin.readline().strip() if key == "-" else key,
        "weight": weight,
        "priority": priority,
    }
    bounds = {"concurrency": concurrency, "rpm": rpm, "tpm": tpm, "first_token_s": first_token_s}
    body |= {name: most for name, most in bounds.items() if most}
    if price:
        body["price"] = rates(dict(part.strip().partition("=")[::2] for part in price.split(",")))
    return _attach(body, connect(server), json=json)


def _attach(body: dict[str, object], admin: Admin, *, json: bool) -> int:
    made = admin.ask("POST", "/targets", body)
    if json:
        as_json(made)
    else:
        print(f"Attached {made['id']}: {made['model']} at {made['base_url']}.")
        print(f"Try it with: openhearth target test {made['id']}")
    return 0


def listing(*, json: bool = False, server: Server | None = None) -> int:
    """List all targets, without their keys.

    Args:
        json: print JSON
    """
    rows = connect(server).rows("/targets")
    if json:
        as_json(rows)
    else:
        as_table(rows, _COLUMNS, nothing="There are no targets. Attach one with: openhearth target add --base-url …")
    return 0


def put(
    target_id: str,
    *,
    weight: int | None = None,
    priority: int | None = None,
    enable: bool = False,
    disable: bool = False,
    key: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    concurrency: int | None = None,
    rpm: int | None = None,
    tpm: int | None = None,
    first_token_s: float | None = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Change a target, at once and for good; what is not given stays.

    Args:
        target_id: its id, as 'openhearth target list' shows it
        weight: its share among targets of the same priority; 0 for a last resort
        priority: lower ones are tried first
        enable: send calls there again
        disable: send no calls there, and keep it
        key: another key of the provider, env:NAME, or - to read it from standard input
        concurrency: most calls open there at once, others wait; 0 for no bound
        rpm: most calls it is sent in a minute; 0 for no bound
        tpm: most tokens it is sent in a minute; 0 for no bound
        first_token_s: seconds within which its streams must begin, or the next target is tried; 0 for no bound
        json: print JSON
    """
    if enable and disable:
        raise WrongUse("Give --enable or --disable, not both.")
    said: dict[str, object] = {
        "weight": weight,
        "priority": priority,
        "enabled": True if enable else False if disable else None,
        "key": sys.stdin.readline().strip() if key == "-" else key,
        "concurrency": concurrency,
        "rpm": rpm,
        "tpm": tpm,
        "first_token_s": first_token_s,
    }
    body = {name: value for name, value in said.items() if value is not None}
    if not body:
        raise WrongUse("Say what to change: --weight, --priority, --disable, --key, --concurrency, --rpm …")
    changed = connect(server).ask("PATCH", f"/targets/{quoted(target_id, safe='')}", body)
    if json:
        as_json(changed)
    else:
        print(f"{target_id} is changed: {', '.join(body)}.")
    return 0


def health(*, json: bool = False, server: Server | None = None) -> int:
    """Show how every target is doing: its circuit, its open and waiting calls, how soon it begins to answer.

    Args:
        json: print JSON
    """
    found = connect(server).get("/v1/targets/health")
    if json:
        as_json(found)
        return 0
    rows = [
        {
            **row,
            "p50_ms": row["first_byte_ms"]["p50"],
            "p95_ms": row["first_byte_ms"]["p95"],
            "resting_until_at": row["until"],
        }
        for row in found["data"]
    ]
    as_table(rows, _HEALTH_COLUMNS, nothing="There are no targets.")
    return 0


def remove(target_id: str, *, json: bool = False, server: Server | None = None) -> int:
    """Send no further calls to a target and forget it.

    Args:
        target_id: its id, as 'openhearth target list' shows it
        json: print JSON
    """
    answer = connect(server).ask("DELETE", f"/targets/{quoted(target_id, safe='')}")
    if json:
        as_json(answer)
    else:
        print(f"{target_id} is removed.")
    return 0


def probe(target_id: str = "", *, json: bool = False, server: Server | None = None) -> int:
    """Call one target, or all attached ones, and say what came back. Fails when one of them did.

    Args:
        target_id: its id; every attached target if not given
        json: print JSON
    """
    admin = connect(server)
    ids = [target_id] if target_id else [str(row["id"]) for row in attached(admin)]
    if not ids:
        print("No target is attached: embedded engines only.")
    results: dict[str, dict[str, Any]] = {}
    for each in ids:
        try:
            results[each] = admin.ask("POST", f"/targets/{quoted(each, safe='')}/test")
        except Trouble as trouble:
            if trouble.exit_code != Trouble.exit_code:
                raise
            results[each] = {"ok": False, "error": str(trouble)}
    if json:
        as_json(results)
    for each, result in () if json else results.items():
        print(f"{'ok  ' if result.get('ok') else 'FAIL'}  {each}  {describe(result)}")
    return 0 if all(result.get("ok") for result in results.values()) else 1


def attached(admin: Admin) -> list[dict[str, Any]]:
    """The targets that lead out of this machine's own engines."""
    return [row for row in admin.rows("/targets") if row.get("base_url") != EMBEDDED]


def describe(result: dict[str, Any]) -> str:
    """One line on a test's result."""
    if not result.get("ok"):
        return str(result.get("error", "no reason given"))
    if result.get("state"):
        return f"engine is {result['state']}, loaded in {result.get('load_s', '?')} s"
    return f"answers in {result.get('latency_ms', '?')} ms, lists {result.get('models', '?')} models"
