"""A settled call in OpenRouter's form (https://openrouter.ai/docs/api-reference/get-a-generation).

What we do not know is null: we keep no text and no reason of ending, only that a call ended well.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from openhearth.accounts.amounts import usd_of_nanos
from openhearth.accounts.call_book import usage_of
from openhearth.core.call import Outcome
from openhearth.core.operations import Operation
from openhearth.stores.ports import LedgerEntry

_API_TYPES: dict[str, str] = {
    Operation.CHAT: "completions",
    Operation.COMPLETE: "completions",
    Operation.EMBED: "embeddings",
    Operation.RERANK: "rerank",
    Operation.SPEECH: "tts",
}


def generation(entry: LedgerEntry, provider: str) -> dict[str, Any]:
    """The value of ``data``. ``total_cost`` is what the caller was charged, a JSON number with all its digits.

    ``latency`` is until the first byte of the answer, ``generation_time`` the whole call, both in ms.
    """
    usage = usage_of(entry)
    charge = msgspec.Raw(usd_of_nanos(entry.charge_nanos).encode())
    return {
        "id": entry.effect,
        "request_id": entry.effect,
        "upstream_id": None,
        "model": entry.model,
        "provider_name": provider or None,
        "api_type": _API_TYPES.get(entry.operation),
        "created_at": datetime.fromtimestamp(entry.created_at, UTC).isoformat(timespec="microseconds"),
        "total_cost": charge,
        "usage": charge,
        "upstream_inference_cost": None,
        "cache_discount": None,
        "is_byok": False,
        "streamed": entry.stream,
        "cancelled": entry.outcome == Outcome.CLIENT_GONE,
        "finish_reason": "error" if entry.outcome not in (Outcome.OK, Outcome.CLIENT_GONE) else None,
        "native_finish_reason": None,
        "latency": entry.first_byte_ms,
        "generation_time": entry.duration_ms,
        "moderation_latency": None,
        "tokens_prompt": usage.input_tokens,
        "tokens_completion": usage.output_tokens,
        "native_tokens_prompt": usage.input_tokens,
        "native_tokens_completion": usage.output_tokens,
        "native_tokens_reasoning": usage.reasoning_tokens,
        "native_tokens_cached": usage.cached_tokens,
        "native_tokens_completion_images": usage.image_output_tokens,
        "num_media_prompt": None,
        "num_input_audio_prompt": None,
        "num_media_completion": usage.images,
        "num_search_results": None,
        "origin": "",
        "app_id": None,
        "external_user": None,
        "router": None,
    }
