"""Every route of New API's forms, and what each asks of its caller."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.surfaces.http import Route
from openhearth.surfaces.newapi.billing import Billing
from openhearth.surfaces.newapi.board import Board
from openhearth.surfaces.newapi.caller import Callers, Handler
from openhearth.surfaces.newapi.channels import Channels
from openhearth.surfaces.newapi.logs import Logs
from openhearth.surfaces.newapi.redemption import Codes
from openhearth.surfaces.newapi.status import Status
from openhearth.surfaces.newapi.tasks import no_tasks
from openhearth.surfaces.newapi.tokens import Tokens
from openhearth.surfaces.newapi.user_admin import UserAdmin
from openhearth.surfaces.newapi.users import OwnAccount

PUBLIC, CALL, ACCOUNT = Permission.PUBLIC, Permission.CALL, Permission.ACCOUNT
ADMIN, OPERATE, ROOT = Permission.ADMIN, Permission.OPERATE, Permission.ROOT
_Open = Callable[[Request, Principal | None], Awaitable[Response]]
_WRITING_GETS = frozenset(
    {"/api/user/token", "/api/channel/test", "/api/channel/test/{id}", "/api/channel/fetch_models/{id}"}
)


class Handlers(msgspec.Struct, frozen=True):
    """All parts of the form."""

    callers: Callers
    status: Status
    account: OwnAccount
    users: UserAdmin
    tokens: Tokens
    logs: Logs
    billing: Billing
    channels: Channels
    codes: Codes
    board: Board


def routes(ours: Handlers) -> list[BaseRoute]:
    """All of them; the more particular paths come before those with a number in them."""
    known = [
        *_account(ours.account, ours.channels),
        *_users(ours.users),
        *_tokens(ours.tokens),
        *_logs(ours.logs),
        *_channels(ours.channels),
        *_operator(ours.codes, ours.board),
        *_groups(ours.account),
    ]
    return [
        *(
            Route(path, ours.callers.anybody(handler), methods=[method], permission=PUBLIC)
            for method, path, handler in _public(ours)
        ),
        *(
            Route(
                path,
                ours.callers.known(handler, writes=path in _WRITING_GETS),
                methods=[method],
                permission=permission,
            )
            for permission, method, path, handler in known
        ),
        *_by_key(ours),
    ]


_Row = tuple[Permission, str, str, Handler]


def _public(ours: Handlers) -> list[tuple[str, str, _Open]]:
    status, account, board = ours.status, ours.account, ours.board
    return [
        ("GET", "/api/status", status.status),
        ("GET", "/api/notice", status.notice),
        ("GET", "/api/about", status.about),
        ("GET", "/api/home_page_content", status.home),
        ("GET", "/api/setup", status.setup),
        ("GET", "/api/uptime/status", status.uptime),
        ("GET", "/api/pricing", status.pricing),
        ("GET", "/api/ratio_config", status.ratios),
        ("POST", "/api/user/register", account.register),
        ("POST", "/api/user/login", account.login),
        ("GET", "/api/user/logout", account.logout),
        ("GET", "/api/user/groups", account.groups),
        ("GET", "/api/announcement", board.announcements),
        ("GET", "/api/announcement/{id}", board.announcement),
    ]


def _account(account: OwnAccount, channels: Channels) -> list[_Row]:
    return [
        (ACCOUNT, "GET", "/api/user/self", account.me),
        (ACCOUNT, "PUT", "/api/user/self", account.change),
        (ACCOUNT, "GET", "/api/user/self/groups", account.own_groups),
        (ACCOUNT, "GET", "/api/user/models", account.models),
        (ACCOUNT, "GET", "/api/user/token", account.new_token),
        (ACCOUNT, "POST", "/api/user/topup", account.top_up),
        (ACCOUNT, "GET", "/api/models", channels.by_type),
        *((ACCOUNT, "GET", f"/api/{kind}/self", no_tasks) for kind in ("task", "mj")),
        *((ADMIN, "GET", f"/api/{kind}", no_tasks) for kind in ("task", "mj")),
    ]


def _users(users: UserAdmin) -> list[_Row]:
    return [
        (ADMIN, "GET", "/api/user", users.listing),
        (ADMIN, "GET", "/api/user/search", users.search),
        (ADMIN, "POST", "/api/user", users.create),
        (ADMIN, "PUT", "/api/user", users.change),
        (ADMIN, "POST", "/api/user/manage", users.manage),
        (ADMIN, "GET", "/api/user/{id}", users.one),
        (ADMIN, "DELETE", "/api/user/{id}", users.delete),
    ]


def _tokens(tokens: Tokens) -> list[_Row]:
    return [
        (ACCOUNT, "GET", "/api/token", tokens.listing),
        (ACCOUNT, "GET", "/api/token/search", tokens.search),
        (ACCOUNT, "POST", "/api/token", tokens.create),
        (ACCOUNT, "PUT", "/api/token", tokens.change),
        (ACCOUNT, "POST", "/api/token/batch", tokens.delete_many),
        (ACCOUNT, "POST", "/api/token/batch/keys", tokens.keys),
        (ACCOUNT, "GET", "/api/token/{id}", tokens.one),
        (ACCOUNT, "DELETE", "/api/token/{id}", tokens.delete),
        (ACCOUNT, "POST", "/api/token/{id}/key", tokens.key),
    ]


def _logs(logs: Logs) -> list[_Row]:
    return [
        (ADMIN, "GET", "/api/log", logs.everybody),
        (OPERATE, "DELETE", "/api/log", logs.delete),
        (ADMIN, "GET", "/api/log/stat", logs.stat),
        (ADMIN, "GET", "/api/log/search", logs.search),
        (ACCOUNT, "GET", "/api/log/self", logs.own),
        (ACCOUNT, "GET", "/api/log/self/stat", logs.own_stat),
        (ACCOUNT, "GET", "/api/log/self/search", logs.search_own),
        (ADMIN, "GET", "/api/data", logs.data),
        (ACCOUNT, "GET", "/api/data/self", logs.own_data),
    ]


def _channels(channels: Channels) -> list[_Row]:
    found: list[tuple[str, str, Handler]] = [
        ("GET", "", channels.listing),
        ("GET", "/search", channels.search),
        ("GET", "/models", channels.models),
        ("GET", "/models_enabled", channels.enabled_models),
        ("GET", "/test", channels.probe_all),
        ("GET", "/test/{id}", channels.probe),
        ("GET", "/fetch_models/{id}", channels.fetch_models),
        ("GET", "/update_balance", channels.balances),
        ("GET", "/update_balance/{id}", channels.balance),
        ("GET", "/tag/models", channels.tag_models),
        ("POST", "", channels.create),
        ("PUT", "", channels.change),
        ("DELETE", "/disabled", channels.delete_disabled),
        ("POST", "/batch", channels.delete_many),
        ("POST", "/fix", channels.fix),
        ("PUT", "/tag", channels.change_tag),
        ("POST", "/tag/enabled", channels.enable_tag),
        ("POST", "/tag/disabled", channels.disable_tag),
        ("POST", "/copy/{id}", channels.copy),
        ("GET", "/{id}", channels.one),
        ("DELETE", "/{id}", channels.delete),
    ]
    return [(OPERATE, method, f"/api/channel{path}", handler) for method, path, handler in found]


def _operator(codes: Codes, board: Board) -> list[_Row]:
    return [
        (OPERATE, "GET", "/api/redemption", codes.listing),
        (OPERATE, "GET", "/api/redemption/search", codes.search),
        (OPERATE, "POST", "/api/redemption", codes.create),
        (OPERATE, "PUT", "/api/redemption", codes.change),
        (OPERATE, "DELETE", "/api/redemption/invalid", codes.clean),
        (OPERATE, "GET", "/api/redemption/{id}", codes.one),
        (OPERATE, "DELETE", "/api/redemption/{id}", codes.delete),
        (OPERATE, "POST", "/api/announcement", board.announce),
        (OPERATE, "PUT", "/api/announcement", board.change_announcement),
        (OPERATE, "DELETE", "/api/announcement/{id}", board.remove_announcement),
        (ROOT, "GET", "/api/option", board.options),
        (ROOT, "PUT", "/api/option", board.set_option),
    ]


def _groups(account: OwnAccount) -> list[_Row]:
    return [(ADMIN, "GET", "/api/group", account.group_names)]


def _by_key(ours: Handlers) -> list[BaseRoute]:
    """Those that a key of calls opens. The old billing form tells errors as OpenAI does."""
    billing = ours.billing
    plain = (
        ("/v1/dashboard/billing/subscription", billing.subscription),
        ("/v1/dashboard/billing/usage", billing.usage),
        ("/v1/dashboard/billing/credit_grants", billing.grants),
        ("/v1/credits", billing.credits),
        ("/oneapi/token", billing.balance),
    )
    return [
        *(
            Route(path, ours.callers.by_key_plainly(handler), methods=["GET"], permission=CALL)
            for path, handler in plain
        ),
        Route("/api/usage/token", ours.callers.by_key(billing.token), methods=["GET"], permission=CALL),
        Route("/api/log/token", ours.callers.by_key(ours.logs.of_key, in_query=True), methods=["GET"], permission=CALL),
    ]
