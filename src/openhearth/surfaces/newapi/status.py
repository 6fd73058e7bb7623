"""What New API tells everybody: its name and how amounts are shown, notice, about, announcements, prices, ratios."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from openhearth import __version__
from openhearth.accounts.announcements import Announcements
from openhearth.accounts.groups import Groups
from openhearth.accounts.option_maps import MICROS_PER_RATIO, plain
from openhearth.accounts.options import Options
from openhearth.accounts.quota_units import UNITS_PER_USD
from openhearth.core.call import ONE_PPM, Principal
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog, Model
from openhearth.stores.access_ports import GroupRecord
from openhearth.stores.newapi_ports import AnnouncementRecord
from openhearth.surfaces.newapi.envelope import ok

_BY_RATIO, _BY_CALL = 0, 1
_MICROS_PER_USD = 1_000_000
_CACHED = "cached_input_micros_per_mtok"
_ENDPOINTS = {
    Operation.CHAT: "openai",
    Operation.EMBED: "embeddings",
    Operation.RERANK: "jina-rerank",
    Operation.IMAGE_GENERATE: "image-generation",
}
_OFF = (
    "email_verification", "github_oauth", "discord_oauth", "linuxdo_oauth", "telegram_oauth", "wechat_login",
    "turnstile_check", "oidc_enabled", "passkey_login", "enable_drawing", "enable_task", "demo_site_enabled",
    "self_use_mode_enabled", "default_use_auto_group", "checkin_enabled", "api_info_enabled", "uptime_kuma_enabled",
    "faq_enabled", "user_agreement_enabled", "privacy_policy_enabled", "enable_batch_update",
)  # fmt: skip


class Status:
    """The handlers."""

    def __init__(
        self,
        options: Options,
        announcements: Announcements,
        groups: Groups,
        catalog: Catalog,
        gate: Gate,
        *,
        started_at: float,
        address: str,
    ) -> None:
        self._options = options
        self._announcements = announcements
        self._groups = groups
        self._catalog = catalog
        self._gate = gate
        self._started_at = started_at
        self._address = address

    async def status(self, _: Request, __: Principal | None) -> Response:
        words = await self._options.words()
        told, _count = await self._announcements.current()
        return ok(
            {
                **dict.fromkeys(_OFF, False),
                "version": __version__,
                "start_time": int(self._started_at),
                "system_name": words["SystemName"],
                "logo": words["Logo"],
                "footer_html": words["Footer"],
                "top_up_link": words["TopUpLink"],
                "docs_link": words["general_setting.docs_link"],
                "server_address": self._address,
                "setup": True,
                "quota_per_unit": UNITS_PER_USD,
                "display_in_currency": words["DisplayInCurrencyEnabled"] == "true",
                "quota_display_type": words["general_setting.quota_display_type"],
                "custom_currency_symbol": words["general_setting.custom_currency_symbol"],
                "custom_currency_exchange_rate": Decimal(words["general_setting.custom_currency_exchange_rate"]),
                "usd_exchange_rate": Decimal(words["USDExchangeRate"]),
                "price": Decimal(words["USDExchangeRate"]),
                "register_enabled": words["RegisterEnabled"] == "true",
                "password_login_enabled": True,
                "enable_data_export": True,
                "data_export_default_time": "hour",
                "announcements_enabled": True,
                "announcements": [_in_status(one) for one in told],
                "chats": [],
            }
        )

    async def notice(self, _: Request, __: Principal | None) -> Response:
        return await self._word("Notice")

    async def about(self, _: Request, __: Principal | None) -> Response:
        return await self._word("About")

    async def home(self, _: Request, __: Principal | None) -> Response:
        return await self._word("HomePageContent")

    async def setup(self, _: Request, __: Principal | None) -> Response:
        """The first start did it all."""
        return ok({"status": True, "root_init": True, "database_type": "sql"})

    async def uptime(self, _: Request, __: Principal | None) -> Response:
        """No monitor is attached: an empty list, as there."""
        return ok([])

    async def pricing(self, _: Request, by: Principal | None) -> Response:
        """Prices of the models that the caller may use, or that anybody sees in the list of models."""
        groups = await self._groups.list()
        own = by.group if by else "default"
        usable = [group for group in groups if group.open or group.name == own]
        models = [one for one in self._catalog.models() if by is None or self._gate.may_use(by, one.id)]
        ratios = {group.name: plain(Decimal(group.ratio_ppm) / ONE_PPM) for group in usable}
        return ok(
            [self._priced(model, usable) for model in models],
            group_ratio=ratios,
            usable_group={group.name: group.description or group.name for group in usable},
            vendors=[],
            auto_groups=[],
            supported_endpoint={},
        )

    async def ratios(self, _: Request, __: Principal | None) -> Response:
        """What other installations copy: ratios of all models that have a price."""
        found: dict[str, dict[str, Decimal]] = {
            name: {} for name in ("model_ratio", "completion_ratio", "cache_ratio", "model_price")
        }
        for model in self._catalog.models():
            price = self._price(model)
            if price is None:
                continue
            if _is_by_call(price):
                found["model_price"][model.id] = _by_call(price)
                continue
            found["model_ratio"][model.id] = _ratio(price)
            found["completion_ratio"][model.id] = _completion(price)
            if (cached := price.rates().get(_CACHED)) is not None and price.input_micros_per_mtok:
                found["cache_ratio"][model.id] = plain(Decimal(cached) / price.input_micros_per_mtok)
        return ok(found)

    def _priced(self, model: Model, groups: Sequence[GroupRecord]) -> dict[str, Any]:
        price = self._price(model) or Price()
        by_call = _is_by_call(price)
        return {
            "model_name": model.id,
            "owner_by": model.owned_by,
            "quota_type": _BY_CALL if by_call else _BY_RATIO,
            "model_price": _by_call(price) if by_call else 0,
            "model_ratio": 0 if by_call else _ratio(price),
            "completion_ratio": 0 if by_call else _completion(price),
            "enable_groups": [group.name for group in groups if _has(group, model.id)],
            "supported_endpoint_types": [_ENDPOINTS[one] for one in model.operations if one in _ENDPOINTS]
            or ["openai"],
            "is_priced": self._price(model) is not None,
            "rates": price.rates(),
        }

    def _price(self, model: Model) -> Price | None:
        found = self._catalog.find(model.id)
        return found[0].price if found and found[0].price.is_known else None

    async def _word(self, name: str) -> Response:
        return ok((await self._options.words())[name])


def _is_by_call(price: Price) -> bool:
    by_tokens = price.input_micros_per_mtok or price.output_micros_per_mtok
    return not by_tokens and bool(price.request_micros or price.image_micros)


def _by_call(price: Price) -> Decimal:
    return plain(Decimal(price.request_micros or price.image_micros) / _MICROS_PER_USD)


def _ratio(price: Price) -> Decimal:
    return plain(Decimal(price.input_micros_per_mtok) / MICROS_PER_RATIO)


def _completion(price: Price) -> Decimal:
    """Output to input; 0 where there is no input price to compare with: ``rates`` tells all."""
    if not price.input_micros_per_mtok:
        return Decimal(0)
    return plain(Decimal(price.output_micros_per_mtok) / price.input_micros_per_mtok)


def _has(group: GroupRecord, model: str) -> bool:
    return not group.models or any(
        model == name or (name.endswith("*") and model.startswith(name[:-1])) for name in group.models
    )


def _in_status(one: AnnouncementRecord) -> dict[str, Any]:
    published = datetime.fromtimestamp(one.starts_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"**{one.title}**\n\n{one.content}" if one.content else one.title
    return {
        "id": one.number,
        "content": text,
        "publishDate": published,
        "type": "ongoing" if one.pinned else "default",
        "extra": one.tag,
    }
