"""``python -m prices.take_over WHEEL``: make the seed of the price table from a genai-prices wheel."""

import datetime
import hashlib
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from openhearth.core.errors import RequestError
from openhearth.core.rates import card_of, values_of
from openhearth.providers import builtin
from prices.open_data import Dated, OpenModel, Rates, Tiered, models_of

SEED = Path(__file__).parents[1] / "src/openhearth/accounts/seed/prices.json"
LICENCE = "MIT, Copyright (c) Pydantic Services Inc. 2025 to present"

# Our providers, by the source's name of each.
PROVIDERS = {
    "openai": ("openai",),
    "deepseek": ("deepseek",),
    "moonshotai": ("moonshot", "moonshot-intl"),
    "zhipuai": ("zhipu",),
    "zai": ("zai",),
    "minimax": ("minimax",),
    "openrouter": ("openrouter",),
    "groq": ("groq",),
    "mistral": ("mistral",),
    "together": ("together",),
    "x-ai": ("xai",),
    "fireworks": ("fireworks",),
    "cerebras": ("cerebras",),
    "perplexity": ("perplexity",),
    "novita": ("novita",),
    "google": ("gemini",),
    "cohere": ("cohere",),
    "elevenlabs": ("elevenlabs",),
}
# A rate of ours, and how many micros of it one dollar of the source's is.
RATES = {
    "input_mtok": ("input_micros_per_mtok", 1_000_000),
    "cache_read_mtok": ("cached_input_micros_per_mtok", 1_000_000),
    "cache_write_mtok": ("cache_write_micros_per_mtok", 1_000_000),
    "output_mtok": ("output_micros_per_mtok", 1_000_000),
    "output_reasoning_mtok": ("reasoning_micros_per_mtok", 1_000_000),
    "input_audio_mtok": ("audio_input_micros_per_mtok", 1_000_000),
    "output_audio_mtok": ("audio_output_micros_per_mtok", 1_000_000),
    "input_image_mtok": ("image_input_micros_per_mtok", 1_000_000),
    "output_image_mtok": ("image_output_micros_per_mtok", 1_000_000),
    "input_mchars": ("character_micros_per_mchar", 1_000_000),
    "audio_hours": ("audio_micros_per_hour", 1_000_000),
    "input_document_kpages": ("page_micros_per_kpage", 1_000_000),
    "web_searches_kcount": ("search_micros_per_ksearch", 1_000_000),
    "requests_kcount": ("request_micros", 1_000),
}
SERVICES = {
    ("processing", "batch"): "batch",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
}


def main(words: list[str]) -> int:
    """Write the seed; print what was left out."""
    wheel = Path(words[0])
    with zipfile.ZipFile(wheel) as archive:
        source = archive.read("genai_prices/data.py")
    today = datetime.date.today()
    taker = Taker(today)
    providers = taker.take(models_of(source.decode("utf-8")))
    head = {
        "source": f"genai-prices {wheel.name.split('-')[1]}",
        "url": "https://github.com/pydantic/genai-prices",
        "licence": LICENCE,
        "taken_on": today.isoformat(),
        "data_sha256": hashlib.sha256(source).hexdigest(),
    }
    SEED.write_text(written(head, providers), encoding="utf-8")
    for what, count in sorted(taker.left_out.items()):
        sys.stdout.write(f"left out: {what} ({count})\n")
    sys.stdout.write(f"{SEED.name}: {sum(map(len, providers.values()))} rows of {len(providers)} providers\n")
    return 0


def written(head: dict[str, str], providers: dict[str, list[dict[str, Any]]]) -> str:
    """JSON with one row a line, so that a change of a price is a change of a line."""
    text = json.dumps(head, indent=1, ensure_ascii=False).rstrip("}\n") + ',\n "providers": {\n'
    blocks = []
    for name, rows in sorted(providers.items()):
        lines = ",\n".join("   " + json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        blocks.append(f"  {json.dumps(name)}: [\n{lines}\n  ]")
    return text + ",\n".join(blocks) + "\n }\n}\n"


class Taker:
    """Turns models of the source into rows of the seed; ``left_out`` counts what has no place there."""

    def __init__(self, today: datetime.date) -> None:
        self._today = today
        self.left_out: Counter[str] = Counter()

    def take(self, found: dict[str, list[OpenModel]]) -> dict[str, list[dict[str, Any]]]:
        """Rows by our provider. Raises ValueError when the catalogue and ``PROVIDERS`` disagree."""
        unknown = {ours for names in PROVIDERS.values() for ours in names} - set(builtin())
        if unknown:
            raise ValueError(f"Not in the catalogue: {sorted(unknown)}")
        taken = {}
        for theirs, ours in PROVIDERS.items():
            names: set[str] = set()
            rows = [row for model in found.get(theirs, ()) for row in self._rows(model, names)]
            taken.update(dict.fromkeys(ours, rows))
        return taken

    def _rows(self, model: OpenModel, known: set[str]) -> Iterator[dict[str, Any]]:
        """The first model that has a name keeps it, as in the source."""
        names = _fewest({name.lower() for name in model.names} - known)
        known.update(names)
        if not names:
            return
        usual, current = self._in_force(model.entries)
        for entry, service in [*((entry, "") for entry in usual), *self._services(model, current)]:
            rates = self._rates(entry.rates)
            if rates is None:
                self.left_out["models without a rate we know"] += 1
                continue
            row: dict[str, Any] = {"names": names, "rates": rates}
            if service:
                row["service"] = service
            if entry.hours:
                row["hours"] = entry.hours
            if entry.start_date is not None and entry.start_date > self._today:
                row["from"] = entry.start_date.isoformat()
            yield row

    def _in_force(self, entries: tuple[Dated, ...]) -> tuple[list[Dated], Rates]:
        """What counts now by day and by hours, and what will; and the rates of a whole day now."""
        passed = [n for n, entry in enumerate(entries) if not entry.hours and _since(entry) <= self._today]
        now = max(passed, default=0)
        later = [entry for entry in entries if not entry.hours and _since(entry) > self._today]
        by_hours = [entry for entry in entries[now + 1 :] if entry.hours]
        return [entries[now], *by_hours, *later], entries[now].rates

    def _services(self, model: OpenModel, current: Rates) -> Iterator[tuple[Dated, str]]:
        seen = set()
        for variant in model.variants:
            service = next((SERVICES[pair] for pair in variant.when.items() if pair in SERVICES), "")
            if not service or len(variant.when) > 1 or service in seen or _since(variant.entry) > self._today:
                self.left_out[f"variant {variant.when}"] += 1
                continue
            seen.add(service)
            yield Dated({**current, **variant.entry.rates}), service

    def _rates(self, rates: Rates) -> dict[str, Any] | None:
        plain: dict[str, Any] = {}
        steps: dict[int, dict[str, Any]] = {}
        for theirs, value in rates.items():
            if theirs not in RATES:
                self.left_out[f"rate {theirs}"] += 1
                continue
            name, per_dollar = RATES[theirs]
            plain[name] = self._micros(value.start if isinstance(value, Tiered) else value, per_dollar)
            for above, price in value.steps if isinstance(value, Tiered) else ():
                steps.setdefault(above, {"above_tokens": above})[name] = self._micros(price, per_dollar)
        if steps:
            plain["long_prompts"] = [steps[above] for above in sorted(steps)]
        try:
            return values_of(card_of(plain)) if plain else None
        except RequestError as error:
            self.left_out[f"rates that are not ours: {error.message}"] += 1
            return None

    def _micros(self, dollars: Decimal, per_dollar: int) -> int:
        """The nearest whole micro: the source writes a twelfth of a dollar as 0.0833333333333333."""
        micros = dollars * per_dollar
        if micros != int(micros):
            self.left_out["digits below a micro per unit"] += 1
        return int(micros.to_integral_value())


def _fewest(names: set[str]) -> list[str]:
    """Without names that a beginning among them covers."""
    starts = tuple(name[:-1] for name in names if name.endswith("*"))
    return sorted(name for name in names if name.endswith("*") or not name.startswith(starts or ("\0",)))


def _since(entry: Dated) -> datetime.date:
    return entry.start_date or datetime.date.min


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
