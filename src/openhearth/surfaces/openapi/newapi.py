"""New API's forms: its envelope around users, tokens, channels, logs, codes and options.

Numbers in queries are texts here, because its clients send them empty as well.
"""

from typing import Any

from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import (
    Schema,
    any_of,
    anything,
    flag,
    many,
    maybe,
    number,
    ref,
    said,
    shape,
    text,
    whole,
)

_ERRORS = ("NewApiError",)
_ID = {"id": whole(1)}
_PAGE = {"p": said(text(), "The page, from 1."), "page_size": said(text(), "At most 100.")}
_WHEN = {
    "start_timestamp": said(text(), "Unix seconds."),
    "end_timestamp": said(text(), "Unix seconds, part of it."),
}
_CALLS = {**_WHEN, "type": text(), "model_name": text(), "token_name": text()}
_UNITS = said(whole(-(10**14), 10**14), "Quota units: 500,000 are one US dollar.")
_MOMENT = said(whole(-1, 10**11), "Unix seconds; -1 or 0: never.")
_IDS = shape({"ids": many(whole(), least=1, most=100)})


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {**_public(), **_own(), **_users(), **_tokens(), **_logs(), **_channels(), **_operator(), **_billing()}


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "NewApiError": shape(
            {"success": flag(), "message": text()}, {"code": maybe(text()), "param": maybe(text())}
        ),
        "NewApiUser": shape(
            {"id": whole(1), "username": text(), "role": whole(), "status": whole(), "group": text(), "quota": whole(),
             "used_quota": whole(), "request_count": whole()}
        ),
        "NewApiToken": shape(
            {"id": whole(1), "key": text(), "status": whole(1, 4), "name": text(), "created_time": whole(),
             "expired_time": whole(-1), "remain_quota": whole(), "unlimited_quota": flag(), "used_quota": whole(),
             "model_limits_enabled": flag(), "model_limits": text(), "allow_ips": text(), "group": text()}
        ),
        "NewApiLog": shape(
            {"id": whole(), "created_at": whole(), "type": whole(), "model_name": text(), "quota": whole(),
             "prompt_tokens": whole(), "completion_tokens": whole(), "token_name": text(), "channel": whole(),
             "use_time": whole(), "is_stream": flag()}
        ),
        "NewApiChannel": shape(
            {"id": whole(1), "type": whole(), "name": text(), "status": whole(1, 3), "base_url": text(),
             "models": text(), "model_mapping": text(), "group": text(), "priority": whole(), "weight": whole(),
             "tag": text(), "used_quota": whole()}
        ),
        "NewApiRedemption": shape(
            {"id": whole(1), "key": text(), "name": text(), "quota": whole(), "status": whole(1, 3),
             "created_time": whole(), "redeemed_time": whole(), "used_user_id": whole(), "expired_time": whole()}
        ),
        "NewApiAnnouncement": shape(
            {"id": whole(1), "title": text(), "content": text(), "tag": text(), "pinned": flag(),
             "start_time": whole(), "end_time": whole()}
        ),
    }  # fmt: skip


def _op(summary: str, data: Schema | None = None, **more: Any) -> dict[str, Any]:
    """An operation in the envelope; ``data`` is missing where something failed."""
    answer = shape({"success": flag(), "message": text()}, {"data": data} if data is not None else None)
    body = more.pop("body", None)
    return operation(summary, {JSON: answer}, body={JSON: body} if body is not None else None, errors=_ERRORS, **more)


def _list(name: str) -> Schema:
    return shape({"items": many(ref(name)), "total": whole(0), "page": whole(1), "page_size": whole(1)})


def _public() -> dict[str, Any]:
    everybody: dict[str, Any] = {"open_to_all": True}
    credentials = shape({"username": text(), "password": text()})
    return {
        "/api/status": {"get": _op("Name, version, how amounts are shown, announcements", anything(), **everybody)},
        "/api/notice": {"get": _op("The notice, in Markdown", text(), **everybody)},
        "/api/about": {"get": _op("About this installation", text(), **everybody)},
        "/api/home_page_content": {"get": _op("What the first page says", text(), **everybody)},
        "/api/setup": {"get": _op("Whether the installation is set up", anything(), **everybody)},
        "/api/uptime/status": {"get": _op("Monitors; there are none", many(anything()), **everybody)},
        "/api/pricing": {"get": _op("Prices by model, and ratios of groups", many(anything()), **everybody)},
        "/api/ratio_config": {"get": _op("Ratios, for other installations to copy", anything(), **everybody)},
        "/api/user/register": {"post": _op("Make an account", anything(), body=credentials, **everybody)},
        "/api/user/login": {"post": _op("Sign in, with a cookie", anything(), body=credentials, **everybody)},
        "/api/user/logout": {"get": _op("Sign out", **everybody)},
        "/api/user/groups": {"get": _op("Groups that users may choose", anything(), **everybody)},
        "/api/announcement": {
            "get": _op(
                "Announcements of now", _list("NewApiAnnouncement"), query={**_PAGE, "all": text()}, **everybody
            ),
            "post": _op("Announce something", ref("NewApiAnnouncement"), body=_announcement()),
            "put": _op("Change an announcement", ref("NewApiAnnouncement"), body=_announcement()),
        },
        "/api/announcement/{id}": {
            "get": _op("One announcement", ref("NewApiAnnouncement"), path=_ID, **everybody),
            "delete": _op("Take an announcement back", path=_ID),
        },
    }


def _own() -> dict[str, Any]:
    profile = shape(
        {}, {"username": text(), "display_name": maybe(text()), "password": text(), "original_password": text()}
    )
    return {
        "/api/user/self": {
            "get": _op("One's own account", ref("NewApiUser")),
            "put": _op("Change one's own account", anything(), body=profile),
        },
        "/api/user/self/groups": {"get": _op("Groups that one may choose", anything())},
        "/api/user/models": {"get": _op("Models that one may use", many(text()))},
        "/api/user/token": {"get": _op("A new access token; the one before stops", text())},
        "/api/user/topup": {"post": _op("Redeem a code", whole(), body=shape({"key": text()}))},
        "/api/models": {"get": _op("Models by the type of their channel", anything())},
        "/api/group": {"get": _op("Names of all groups", many(text()))},
        **{
            f"/api/{kind}{own}": {"get": _op("Jobs; there are none", _list("NewApiLog"), query=_PAGE)}
            for kind in ("task", "mj")
            for own in ("", "/self")
        },
    }


def _users() -> dict[str, Any]:
    user = shape(
        {},
        {"id": whole(), "username": text(), "password": text(), "display_name": maybe(text()), "role": whole(),
         "status": whole(), "group": text(), "quota": maybe(_UNITS)},
    )  # fmt: skip
    manage = shape({"action": text()}, {"id": whole(), "username": text(), "value": _UNITS, "mode": text()})
    return {
        "/api/user": {
            "get": _op("Users", _list("NewApiUser"), query=_PAGE),
            "post": _op("Make a user", ref("NewApiUser"), body=user),
            "put": _op("Change a user", ref("NewApiUser"), body=user),
        },
        "/api/user/search": {
            "get": _op("Find users", _list("NewApiUser"), query={**_PAGE, "keyword": text(), "group": text()})
        },
        "/api/user/manage": {"post": _op("Enable, disable, promote, pay in …", anything(), body=manage)},
        "/api/user/{id}": {
            "get": _op("One user", ref("NewApiUser"), path=_ID),
            "delete": _op("Delete a user", path=_ID),
        },
    }


def _tokens() -> dict[str, Any]:
    token = shape(
        {},
        {"id": whole(), "name": text(), "status": whole(), "remain_quota": maybe(whole(0, 5 * 10**11)),
         "unlimited_quota": maybe(flag()), "expired_time": maybe(_MOMENT), "model_limits_enabled": maybe(flag()),
         "model_limits": maybe(text()), "allow_ips": maybe(text()), "group": maybe(text())},
    )  # fmt: skip
    only = {"status_only": text()}
    return {
        "/api/token": {
            "get": _op("One's own keys", _list("NewApiToken"), query=_PAGE),
            "post": _op("Make a key, which is shown this once", ref("NewApiToken"), body=token),
            "put": _op("Change a key", ref("NewApiToken"), body=token, query=only),
        },
        "/api/token/search": {
            "get": _op("Find keys", _list("NewApiToken"), query={**_PAGE, "keyword": text(), "token": text()})
        },
        "/api/token/batch": {"post": _op("Delete keys", whole(0), body=_IDS)},
        "/api/token/batch/keys": {"post": _op("Whole keys, where they are kept", anything(), body=_IDS)},
        "/api/token/{id}": {
            "get": _op("One key", ref("NewApiToken"), path=_ID),
            "delete": _op("Delete a key", path=_ID),
        },
        "/api/token/{id}/key": {"post": _op("The whole key, where it is kept", anything(), path=_ID)},
    }


def _logs() -> dict[str, Any]:
    all_of = {**_CALLS, "username": text(), "channel": text(), "group": text()}
    stat = shape({"quota": whole(), "rpm": whole(0), "tpm": whole(0)})
    rows = many(ref("NewApiLog"))
    return {
        "/api/log": {
            "get": _op("Calls of everybody", _list("NewApiLog"), query={**_PAGE, **all_of}),
            "delete": _op("Refused: the ledger is kept by policy", query={"target_timestamp": text()}),
        },
        "/api/log/stat": {"get": _op("What calls were charged", stat, query=all_of)},
        "/api/log/search": {"get": _op("The newest calls", rows, query={"keyword": text()})},
        "/api/log/self": {"get": _op("One's own calls", _list("NewApiLog"), query={**_PAGE, **_CALLS})},
        "/api/log/self/stat": {"get": _op("What one's own calls were charged", stat, query=_CALLS)},
        "/api/log/self/search": {"get": _op("One's own newest calls", rows, query={"keyword": text()})},
        "/api/log/token": {"get": _op("The newest calls of a key", rows, query={"key": text()})},
        "/api/data": {"get": _op("Sums by hour and model", many(anything()), query={**_WHEN, "username": text()})},
        "/api/data/self": {"get": _op("One's own sums by hour and model", many(anything()), query=_WHEN)},
    }


def _channels() -> dict[str, Any]:
    channel = shape(
        {},
        {"id": whole(), "type": maybe(whole()), "name": maybe(text(most=200)), "key": maybe(text()),
         "base_url": maybe(text()), "models": maybe(text()), "model_mapping": maybe(text()), "group": maybe(text()),
         "priority": maybe(whole(-1_000_000, 1_000_000)), "weight": maybe(whole(0, 1000)), "status": whole(),
         "tag": maybe(text(most=200)), "remark": maybe(text(most=200)), "test_model": maybe(text(most=200))},
    )  # fmt: skip
    wrapped = any_of(channel, shape({"channel": channel}, {"mode": text("single", "batch")}))
    tested = shape({"success": flag(), "message": text()}, {"time": number(0)})
    tag = shape({"tag": text(least=1, most=100)})
    return {
        "/api/channel": {
            "get": _op("Channels", _list("NewApiChannel"), query={**_PAGE, "status": text(), "type": text()}),
            "post": _op("Attach a channel", any_of(ref("NewApiChannel"), many(ref("NewApiChannel"))), body=wrapped),
            "put": _op("Change a channel", ref("NewApiChannel"), body=channel),
        },
        "/api/channel/search": {
            "get": _op(
                "Find channels",
                _list("NewApiChannel"),
                query={**_PAGE, "keyword": text(), "model": text(), "status": text(), "type": text()},
            )
        },
        "/api/channel/models": {"get": _op("Every model", many(anything()))},
        "/api/channel/models_enabled": {"get": _op("Names of models that answer", many(text()))},
        "/api/channel/test": {"get": _op("Test every channel", anything())},
        "/api/channel/test/{id}": {
            "get": operation("Test a channel", {JSON: tested}, path=_ID, errors=_ERRORS, query={"model": text()})
        },
        "/api/channel/fetch_models/{id}": {"get": _op("What the provider lists", many(text()), path=_ID)},
        "/api/channel/disabled": {"delete": _op("Delete channels that are disabled", whole(0))},
        "/api/channel/batch": {"post": _op("Delete channels", whole(0), body=_IDS)},
        "/api/channel/tag": {
            "put": _op(
                "Change channels with a tag",
                body=shape(
                    {"tag": text()},
                    {
                        "new_tag": maybe(text()),
                        "priority": maybe(whole(-(10**6), 10**6)),
                        "weight": maybe(whole(0, 1000)),
                    },
                ),
            )
        },
        "/api/channel/tag/models": {"get": _op("Models of the channels with a tag", text(), query={"tag": text()})},
        "/api/channel/fix": {"post": _op("Nothing to repair: how many channels there are", anything())},
        "/api/channel/update_balance": {"get": _op("No provider is asked what is left there")},
        "/api/channel/update_balance/{id}": {"get": _op("Refused: no provider is asked what is left", path=_ID)},
        "/api/channel/tag/enabled": {"post": _op("Enable channels with a tag", body=tag)},
        "/api/channel/tag/disabled": {"post": _op("Disable channels with a tag", body=tag)},
        "/api/channel/copy/{id}": {
            "post": _op("Attach the same once more", shape({"id": whole(1)}), path=_ID, query={"suffix": text()})
        },
        "/api/channel/{id}": {
            "get": _op("One channel", ref("NewApiChannel"), path=_ID),
            "delete": _op("Delete a channel", path=_ID),
        },
    }


def _operator() -> dict[str, Any]:
    code = shape(
        {},
        {"id": whole(), "name": text(most=100), "quota": maybe(whole(0, 5 * 10**11)), "count": whole(1, 100),
         "expired_time": maybe(_MOMENT), "status": whole()},
    )  # fmt: skip
    option = shape({"key": text(), "value": any_of(text(), flag(), number())})
    return {
        "/api/redemption": {
            "get": _op("Redemption codes", _list("NewApiRedemption"), query=_PAGE),
            "post": _op("Make codes", many(text()), body=code),
            "put": _op("Change a code", ref("NewApiRedemption"), body=code, query={"status_only": text()}),
        },
        "/api/redemption/search": {
            "get": _op("Find codes", _list("NewApiRedemption"), query={**_PAGE, "keyword": text()})
        },
        "/api/redemption/invalid": {"delete": _op("Delete codes that pay no more", whole(0))},
        "/api/redemption/{id}": {
            "get": _op("One code", ref("NewApiRedemption"), path=_ID),
            "delete": _op("Delete a code", path=_ID),
        },
        "/api/option": {
            "get": _op("Options", many(shape({"key": text(), "value": text()}))),
            "put": _op("Set an option", body=option),
        },
    }


def _billing() -> dict[str, Any]:
    usd = number()
    summary = {"total_granted": usd, "total_used": usd, "total_available": usd, "expires_at": whole(0)}
    limits = {"soft_limit_usd": usd, "hard_limit_usd": usd, "system_hard_limit_usd": usd}
    subscription = shape({"object": text(), "has_payment_method": flag(), **limits, "access_until": whole(0)})
    return {
        "/v1/dashboard/billing/subscription": {"get": operation("What the key was granted", {JSON: subscription})},
        "/v1/dashboard/billing/usage": {
            "get": operation(
                "What the key used, in hundredths of a dollar",
                {JSON: shape({"object": text(), "total_usage": usd})},
                query={"start_date": text(), "end_date": text()},
            )
        },
        "/v1/dashboard/billing/credit_grants": {"get": operation("Granted, used, left", {JSON: shape(summary)})},
        "/v1/credits": {
            "get": operation(
                "Granted and used, in dollars",
                {JSON: shape({"data": shape({"total_credits": usd, "total_usage": usd})})},
            )
        },
        "/oneapi/token": {"get": operation("Dollars left", {JSON: shape({"balance": usd})})},
        "/api/usage/token": {
            "get": operation(
                "Quota units of the key",
                {JSON: shape({"code": flag(), "message": text(), "data": anything()})},
                errors=_ERRORS,
            )
        },
    }


def _announcement() -> Schema:
    return shape(
        {},
        {"id": whole(), "title": maybe(text()), "content": maybe(text()), "description": maybe(text()),
         "tag": maybe(text()), "pinned": maybe(flag()), "start_time": maybe(_MOMENT), "end_time": maybe(_MOMENT)},
    )  # fmt: skip
