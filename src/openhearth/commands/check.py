"""``openhearth check``: are the settings right, what are they, and do the attached providers answer?"""

import json as json_text
import os
import re
import urllib.error
import urllib.request
from typing import Any

import msgspec

from openhearth.commands import NoServer, Trouble
from openhearth.commands.admin import Admin, Where, connect
from openhearth.commands.settings import effective
from openhearth.commands.show import as_json
from openhearth.commands.target import attached, describe
from openhearth.config import Config
from openhearth.core.provider import Provider
from openhearth.providers import builtin

_ANSWER_S = 15.0
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def check(*, config: str = "", data: str = "", json: bool = False) -> int:
    """Validate the settings, show them without secrets, and test the connections.

    With a running server its targets are tested through it; without one, the providers whose keys are in the
    environment are asked for their models. Fails when a connection does.

    Args:
        config: settings file (openhearth.toml in this folder, if there is one)
        data: data folder
        json: print JSON
    """
    settings = effective(config=config, data=data)
    shown = redacted(settings)
    connections = _connections(settings)
    if json:
        as_json({"settings": shown, "connections": connections})
    else:
        print("\n".join(as_toml(shown)))
        print("\n# Connections" if connections else "\n# No provider is attached: embedded engines only.")
        for row in connections:
            print(f"# {'ok  ' if row['ok'] else 'FAIL'}  {row['name']}  {row['message']}")
    return 0 if all(row["ok"] for row in connections) else 1


def redacted(config: Config) -> dict[str, Any]:
    """The settings as plain values, with the passwords of addresses left out."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: clean(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [clean(part) for part in value]
        return _PASSWORD.sub("…", value) if isinstance(value, str) else value

    shown: dict[str, Any] = clean(msgspec.to_builtins(config))
    return shown


def as_toml(tree: dict[str, Any], above: str = "") -> list[str]:
    """Lines of TOML: a settings file that says what is in force. ``above`` is the section that ``tree`` lies in."""
    plain = {name: value for name, value in tree.items() if not isinstance(value, dict)}
    lines = [f"{_quoted(name)} = {json_text.dumps(value, ensure_ascii=False)}" for name, value in plain.items()]
    for name, section in tree.items():
        if isinstance(section, dict):
            path = f"{above}.{_quoted(name)}" if above else _quoted(name)
            lines += ["", f"[{path}]", *as_toml(section, path)]
    return lines


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json_text.dumps(key)


def _connections(settings: Config) -> list[dict[str, Any]]:
    try:
        return _through(connect(Where(data=settings.store.folder)))
    except NoServer:
        return _from_here()


def _through(admin: Admin) -> list[dict[str, Any]]:
    """Each attached target of the running server, tested by it."""
    rows = []
    for target in attached(admin):
        name = f"{target['id']} {target.get('model', '')} {target.get('base_url', '')}"
        try:
            result = admin.ask("POST", f"/targets/{target['id']}/test")
            rows.append({"name": name, "ok": bool(result.get("ok")), "message": describe(result)})
        except Trouble as trouble:
            rows.append({"name": name, "ok": False, "message": str(trouble)})
    return rows


def _from_here() -> list[dict[str, Any]]:
    """Providers that the server would attach by itself: their key is in the environment."""
    return [
        {"name": f"{provider.name} {provider.base_url}", **_asked(provider, os.environ[provider.env_key])}
        for provider in builtin().values()
        if provider.env_key and os.environ.get(provider.env_key)
    ]


def _asked(provider: Provider, key: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{provider.base_url}/models", headers={"authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:
            return {"ok": True, "message": f"answers {answer.status} with {provider.env_key}"}
    except urllib.error.HTTPError as error:
        # Any other answer than a refusal of the key proves the connection; not every provider lists models.
        refused = error.code in (401, 403)
        said = f"refuses {provider.env_key} ({error.code})" if refused else f"answers {error.code}"
        return {"ok": not refused, "message": said}
    except (urllib.error.URLError, OSError, ValueError) as error:
        return {"ok": False, "message": f"cannot be reached: {getattr(error, 'reason', error)}"}
