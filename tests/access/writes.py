"""How each write of administration is done once. A route without a row here fails the tests."""

import msgspec

from tests.permissions import newapi_rows

_RATES = {"input_micros_per_mtok": 1}


class Write(msgspec.Struct, frozen=True):
    """``before`` names what must be there (``test_audited.MADE``), ``<name>`` in ``path`` its id. ``at`` is the route's
    own path, where it is another."""

    method: str
    path: str
    body: object = None
    before: tuple[str, ...] = ()
    at: str = ""

    @property
    def route(self) -> str:
        """Method and path as the route declares them."""
        return f"{self.method} {self.at or self.path}"


_KEY, _USER = "/admin/v1/keys/{id}", "/admin/v1/users/{id}"
_BOUND = "/admin/v1/models/{name:path}/allowance"
_ROUTING = "/admin/v1/routing/{model:path}"

WRITES: tuple[Write, ...] = (
    Write("POST", "/admin/v1/keys", {"name": "new", "rpm": 5}),
    Write("PATCH", "/admin/v1/keys/<key>", {"rpm": 6, "models": ["m"]}, ("key",), at=_KEY),
    Write("POST", "/admin/v1/keys/<key>/disable", at=f"{_KEY}/disable"),
    Write("POST", "/admin/v1/keys/<key>/enable", at=f"{_KEY}/enable"),
    Write("POST", "/admin/v1/keys/<key>/rotate", {"overlap_s": 5}, at=f"{_KEY}/rotate"),
    Write("DELETE", "/admin/v1/keys/<key>", at=_KEY),
    Write("POST", "/admin/v1/users", {"username": "new", "password": "canary-password-7f3a"}),
    Write("PATCH", "/admin/v1/users/<user>", {"email": "a@b.c", "rpm": 5}, ("user",), at=_USER),
    Write("POST", "/admin/v1/users/<user>/password", {"password": "canary-password-7f3a"}, at=f"{_USER}/password"),
    Write("POST", "/admin/v1/users/<user>/top-up", {"micros": 5}, at=f"{_USER}/top-up"),
    Write("DELETE", "/admin/v1/users/<user>", at=_USER),
    Write("POST", "/admin/v1/orgs", {"name": "new"}),
    Write("PATCH", "/admin/v1/orgs/<org>", {"name": "newer"}, ("org",), at="/admin/v1/orgs/{id}"),
    Write("POST", "/admin/v1/projects", {"name": "new"}),
    Write("PATCH", "/admin/v1/projects/<project>", {"rpm": 1}, ("project",), at="/admin/v1/projects/{id}"),
    Write("DELETE", "/admin/v1/projects/<project>", at="/admin/v1/projects/{id}"),
    Write("POST", "/admin/v1/groups", {"name": "new"}),
    Write("PATCH", "/admin/v1/groups/<group>", {"rpm": 1}, ("group",), at="/admin/v1/groups/{name}"),
    Write("DELETE", "/admin/v1/groups/<group>", at="/admin/v1/groups/{name}"),
    Write("PUT", "/admin/v1/models/a/b/allowance", {"rpm": 5}, at=_BOUND),
    Write("DELETE", "/admin/v1/models/a/b/allowance", at=_BOUND),
    Write("POST", "/admin/v1/targets", {"base_url": "http://127.0.0.1:9/v1", "model": "new"}),
    Write("PATCH", "/admin/v1/targets/<target>", {"weight": 2}, ("target",), at="/admin/v1/targets/{id}"),
    Write("DELETE", "/admin/v1/targets/<target>", at="/admin/v1/targets/{id}"),
    Write("PUT", "/admin/v1/routing/made", {"fallbacks": ["other"]}, at=_ROUTING),
    Write("DELETE", "/admin/v1/routing/made", at=_ROUTING),
    Write("POST", "/admin/v1/prices", {"model": "m", "rates": _RATES}),
    Write("POST", "/admin/v1/prices/import", {"prices": [{"model": "m2", "rates": _RATES}]}),
    Write("POST", "/admin/v1/secrets/rotate"),
    Write("PATCH", "/v1/me", {"display_name": "Root"}),
    Write("POST", "/v1/auth/token"),
    Write("DELETE", "/v1/auth/token"),
)

NO_WRITES = {
    **newapi_rows.WRITES,
    "POST /admin/v1/targets/{id}/test": "asks, and changes nothing",
    "POST /v1/auth/password": "see test_signing_in: it needs the old password; the entry is that of user.password",
}
