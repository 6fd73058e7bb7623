"""New API's forms in the tables of this folder: one place for a family of sixty routes.

Its users and tokens belong to people, not to keys: that another's is answered as a missing one is tried with people who
are signed in, in tests/newapi/test_tenants.py.
"""

from collections.abc import Mapping

from openhearth.core.permissions import Permission

PUBLIC = (
    "GET /api/status",
    "GET /api/notice",
    "GET /api/about",
    "GET /api/home_page_content",
    "GET /api/setup",
    "GET /api/uptime/status",
    "GET /api/pricing",
    "GET /api/ratio_config",
    "POST /api/user/register",
    "POST /api/user/login",
    "GET /api/user/logout",
    "GET /api/user/groups",
    "GET /api/announcement",
    "GET /api/announcement/{id}",
)
ACCOUNT = (
    "GET /api/user/self",
    "PUT /api/user/self",
    "GET /api/user/self/groups",
    "GET /api/user/models",
    "GET /api/user/token",
    "POST /api/user/topup",
    "GET /api/models",
    "GET /api/task/self",
    "GET /api/mj/self",
    "GET /api/token",
    "GET /api/token/search",
    "POST /api/token",
    "PUT /api/token",
    "POST /api/token/batch",
    "POST /api/token/batch/keys",
    "GET /api/token/{id}",
    "DELETE /api/token/{id}",
    "POST /api/token/{id}/key",
    "GET /api/log/self",
    "GET /api/log/self/stat",
    "GET /api/log/self/search",
    "GET /api/data/self",
)
ADMIN = (
    "GET /api/user",
    "GET /api/user/search",
    "POST /api/user",
    "PUT /api/user",
    "POST /api/user/manage",
    "GET /api/user/{id}",
    "DELETE /api/user/{id}",
    "GET /api/task",
    "GET /api/mj",
    "GET /api/log",
    "GET /api/log/stat",
    "GET /api/log/search",
    "GET /api/data",
    "GET /api/group",
)
OPERATE = (
    "GET /api/channel",
    "GET /api/channel/search",
    "GET /api/channel/models",
    "GET /api/channel/models_enabled",
    "GET /api/channel/test",
    "GET /api/channel/test/{id}",
    "GET /api/channel/fetch_models/{id}",
    "POST /api/channel",
    "PUT /api/channel",
    "DELETE /api/channel/disabled",
    "POST /api/channel/batch",
    "GET /api/channel/update_balance",
    "GET /api/channel/update_balance/{id}",
    "GET /api/channel/tag/models",
    "PUT /api/channel/tag",
    "POST /api/channel/fix",
    "POST /api/channel/tag/enabled",
    "POST /api/channel/tag/disabled",
    "POST /api/channel/copy/{id}",
    "GET /api/channel/{id}",
    "DELETE /api/channel/{id}",
    "GET /api/redemption",
    "GET /api/redemption/search",
    "POST /api/redemption",
    "PUT /api/redemption",
    "DELETE /api/redemption/invalid",
    "GET /api/redemption/{id}",
    "DELETE /api/redemption/{id}",
    "POST /api/announcement",
    "PUT /api/announcement",
    "DELETE /api/announcement/{id}",
)
ROOT = ("GET /api/option", "PUT /api/option")
ALWAYS_REFUSED = ("DELETE /api/log",)
"""The ledger is not deleted by request: whoever may ask is told so, with a 403."""
BY_KEY = ("GET /api/usage/token",)
BY_KEY_OR_QUERY = ("GET /api/log/token",)
BILLING = (
    "GET /v1/dashboard/billing/subscription",
    "GET /v1/dashboard/billing/usage",
    "GET /v1/dashboard/billing/credit_grants",
    "GET /v1/credits",
    "GET /oneapi/token",
)
PERMISSIONS: Mapping[Permission, tuple[str, ...]] = {
    Permission.PUBLIC: PUBLIC,
    Permission.ACCOUNT: ACCOUNT,
    Permission.ADMIN: ADMIN,
    Permission.OPERATE: OPERATE,
    Permission.ROOT: ROOT,
}

_PEOPLES = "a signed-in person's: tests/newapi/test_tenants.py"
SHARED: Mapping[str, str] = {
    **{route: _PEOPLES for route in (*ACCOUNT, *ADMIN) if "{" in route},
    **{route: "the operator's" for route in OPERATE if "{" in route},
    "GET /api/announcement/{id}": "announcements are for everybody",
}

_BODIES = ("PUT /api/user", "POST /api/user", "POST /api/user/manage", "POST /api/token", "PUT /api/token")
_OPERATORS = ("POST /api/channel", "PUT /api/channel", "POST /api/redemption", "PUT /api/redemption",
              "POST /api/announcement", "PUT /api/announcement")  # fmt: skip
FREE: Mapping[str, Mapping[str, str]] = {
    **{route: {"id": _PEOPLES} for route in _BODIES},
    **{route: {"id": "the operator's"} for route in _OPERATORS},
}

WRITES = {
    route: "tests/newapi/test_audited.py: it may write several things, each with its entry"
    for route in (*ACCOUNT, *ADMIN, *OPERATE, *ROOT)
    if not route.startswith("GET ")
} | {"DELETE /api/log": "always refused"}
"""For tests/access: one request of this form may be several writes of ours."""
