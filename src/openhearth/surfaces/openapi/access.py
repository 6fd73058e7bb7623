"""Keys, users, organisations, projects, groups and the audit log, as an administrator's programs use them."""

from typing import Any

from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import (
    Schema,
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

_ID = {"id": text(least=1)}
_NAME = {"name": text(least=1)}
_MODERATE = text("off", "input", "output", "both")
_ROLE = text("member", "admin", "root")
_PAGE = {"search": text(most=200), "offset": whole(0, 10**9), "limit": whole(1, 1000)}
_MICROS = maybe(whole(0, 10**12))
_COUNT = maybe(whole(0, 10**9))
_BOUNDS: dict[str, Schema] = {
    "quota_micros": said(_MICROS, "Millionths of a US dollar in all."),
    "day_micros": said(_MICROS, "Per UTC day."),
    "week_micros": said(_MICROS, "Per ISO week."),
    "month_micros": said(_MICROS, "Per UTC month."),
    "rpm": said(_COUNT, "Requests per minute."),
    "tpm": said(_COUNT, "Tokens per minute."),
    "concurrency": said(_COUNT, "Calls at once."),
}
_NAMES = said(many(text(), most=200), "Names, or NAME* for all that begin so; all when empty.")
_LONGEST_S = 10**10


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {**_keys(), **_users(), **_tenants(), **_groups(), **_log()}


def schemas() -> dict[str, Schema]:
    """Components."""
    return {**_key_schemas(), **_user_schemas(), **_other_schemas()}


def _keys() -> dict[str, Any]:
    one = "/admin/v1/keys/{id}"
    return {
        "/admin/v1/keys": {
            "get": operation("API keys", {JSON: _list("Key")}, query={**_PAGE, "user": text()}),
            "post": operation(
                "Make a key; it is shown once",
                {JSON: ref("Key")},
                body={JSON: ref("NewKey")},
                example={"name": "reports", "quota_micros": 5_000_000},
                status="201",
            ),
        },
        one: {
            "get": operation("A key", {JSON: ref("Key")}, path=_ID),
            "patch": operation("Change a key", {JSON: ref("Key")}, body={JSON: ref("KeyChange")}, path=_ID),
            "delete": operation("Disable a key", {JSON: _gone("id")}, path=_ID),
        },
        f"{one}/disable": {"post": operation("Disable a key", {JSON: _disabled()}, path=_ID)},
        f"{one}/enable": {"post": operation("Let a disabled key call again", {JSON: _disabled()}, path=_ID)},
        f"{one}/rotate": {
            "post": operation(
                "A new secret for the same key; it is shown once",
                {JSON: ref("Key")},
                body={JSON: shape({}, {"overlap_s": number(0, 30 * 86_400)})},
                path=_ID,
            )
        },
    }


def _users() -> dict[str, Any]:
    one = "/admin/v1/users/{id}"
    return {
        "/admin/v1/users": {
            "get": operation("Users", {JSON: _list("User")}, query={**_PAGE, "org": text()}),
            "post": operation("Make a user", {JSON: ref("User")}, body={JSON: ref("NewUser")}, status="201"),
        },
        one: {
            "get": operation("A user, by id, username or number", {JSON: ref("User")}, path=_ID),
            "patch": operation("Change a user", {JSON: ref("User")}, body={JSON: ref("UserChange")}, path=_ID),
            "delete": operation("Delete a user; their keys stop", {JSON: _gone("id")}, path=_ID),
        },
        f"{one}/password": {
            "post": operation(
                "Give a user a new password; their sessions end",
                {JSON: ref("User")},
                body={JSON: shape({}, {"password": text(most=256)})},
                path=_ID,
            )
        },
        f"{one}/top-up": {
            "post": operation(
                "Add to what a user has paid in",
                {JSON: ref("User")},
                body={JSON: shape({"micros": whole(-(10**12), 10**12)}, {"effect": text(most=100)})},
                path=_ID,
            )
        },
    }


def _tenants() -> dict[str, Any]:
    return {
        "/admin/v1/orgs": {
            "get": operation("Organisations", {JSON: _list("Org")}),
            "post": operation("Make an organisation", {JSON: ref("Org")}, body={JSON: ref("NewOrg")}, status="201"),
        },
        "/admin/v1/orgs/{id}": {
            "get": operation("An organisation", {JSON: ref("Org")}, path=_ID),
            "patch": operation("Change an organisation", {JSON: ref("Org")}, body={JSON: ref("OrgChange")}, path=_ID),
        },
        "/admin/v1/projects": {
            "get": operation("Projects", {JSON: _list("Project")}, query={"org": text()}),
            "post": operation("Make a project", {JSON: ref("Project")}, body={JSON: ref("NewProject")}, status="201"),
        },
        "/admin/v1/projects/{id}": {
            "get": operation("A project", {JSON: ref("Project")}, path=_ID),
            "patch": operation("Change a project", {JSON: ref("Project")}, body={JSON: ref("ProjectChange")}, path=_ID),
            "delete": operation("Archive a project; its keys stop", {JSON: _gone("id")}, path=_ID),
        },
    }


def _groups() -> dict[str, Any]:
    model = "/admin/v1/models/{name}/allowance"
    return {
        "/admin/v1/groups": {
            "get": operation("Price groups", {JSON: _list("Group")}),
            "post": operation("Make a group", {JSON: ref("Group")}, body={JSON: ref("NewGroup")}, status="201"),
        },
        "/admin/v1/groups/{name}": {
            "get": operation("A group", {JSON: ref("Group")}, path=_NAME),
            "patch": operation("Change a group", {JSON: ref("Group")}, body={JSON: ref("GroupChange")}, path=_NAME),
            "delete": operation("Delete a group", {JSON: _gone("name")}, path=_NAME),
        },
        "/admin/v1/models/allowances": {"get": operation("Models that are bound", {JSON: _list("ModelAllowance")})},
        model: {
            "get": operation("What a model may be used in all", {JSON: ref("ModelAllowance")}, path=_NAME),
            "put": operation(
                "Bind a model for everybody together",
                {JSON: ref("ModelAllowance")},
                body={JSON: shape({}, _BOUNDS)},
                path=_NAME,
            ),
            "delete": operation("Lift all bounds of a model", {JSON: ref("ModelAllowance")}, path=_NAME),
        },
    }


def _log() -> dict[str, Any]:
    return {
        "/admin/v1/audit": {
            "get": operation(
                "The audit log, newest first",
                {JSON: _list("AuditEntry")},
                query={"limit": whole(1, 1000), "before": whole(0, 10**12 - 1)},
            )
        },
        "/admin/v1/audit/check": {
            "get": operation(
                "Whether the chain of the audit log is whole",
                {JSON: shape({"object": text("audit_check"), "ok": flag(), "first_wrong": maybe(whole(0))})},
            )
        },
        "/admin/v1/secrets/rotate": {
            "post": operation(
                "Seal all stored credentials with a new master key",
                {
                    JSON: shape(
                        {"object": text("master_key"), "key_id": text(), "resealed": whole(0), "unreadable": whole(0)}
                    )
                },
            )
        },
    }


def _key_schemas() -> dict[str, Schema]:
    settable = {
        "owner": said(text(most=200), "Whose objects it opens; operators only."),
        "project": text(most=200),
        "group": text(most=200),
        "is_admin": said(flag(), "It has what its user's role has, and not only calls."),
        "models": _NAMES,
        "operations": _NAMES,
        "ips": said(many(text(), most=200), "Networks it may be used from; any when empty."),
        "moderate": _MODERATE,
        "cache_s": whole(0, 366 * 86_400),
        **_BOUNDS,
    }
    return {
        "Key": shape(
            {
                "object": text("key"),
                "id": text(),
                "name": text(),
                "owner": text(),
                "hint": said(text(), "The last characters."),
                "is_admin": flag(),
                "disabled": flag(),
                "created_at": number(0),
                "expires_at": maybe(number(0)),
                "models": many(text()),
                "operations": many(text()),
                "ips": many(text()),
                "moderate": _MODERATE,
                "user_id": text(),
                "org_id": text(),
                "project_id": text(),
                "group": text(),
                "cache_s": whole(0),
                "used_at": maybe(number(0)),
                **_BOUNDS,
            },
            {"key": said(text(), "The key itself, in the answer that made it.")},
        ),
        "NewKey": shape(
            {"name": text(least=1, most=200)},
            {
                "user": said(text(most=200), "Whose it is: id, username or number; the maker's when empty."),
                **settable,
                "owner": maybe(settable["owner"]),
                "expires_in_s": maybe(number(0, _LONGEST_S)),
            },
        ),
        "KeyChange": shape(
            {},
            {
                "name": text(least=1, most=200),
                **settable,
                "disabled": flag(),
                "expires_in_s": maybe(number(0, _LONGEST_S)),
            },
        ),
    }


def user_fields() -> dict[str, Schema]:
    """What every answer shows of a user."""
    return {
        "object": text("user"),
        "id": text(),
        "number": whole(1),
        "org_id": text(),
        "username": text(),
        "created_at": number(0),
        "role": _ROLE,
        "email": text(),
        "display_name": text(),
        "group": text(),
        "disabled": flag(),
        "settings": anything(),
        **_BOUNDS,
    }


def _user_schemas() -> dict[str, Schema]:
    settable = {
        "email": text(most=200),
        "display_name": text(most=200),
        "group": text(most=200),
        "role": _ROLE,
        **_BOUNDS,
    }
    return {
        "User": shape(user_fields(), {"password": said(text(), "One that was made, shown this once.")}),
        "NewUser": shape(
            {"username": text(least=1, most=64)},
            {"password": text(most=256), "org": text(most=200), **settable},
        ),
        "UserChange": shape({}, {"username": text(least=1, most=64), "disabled": flag(), **settable}),
    }


def _other_schemas() -> dict[str, Schema]:
    name = text(least=1, most=200)
    project = {"models": _NAMES, **_BOUNDS}
    group = {
        "ratio_ppm": said(whole(0, 10**9), "Multiplies every cost: 1000000 is once."),
        "models": _NAMES,
        "description": text(most=500),
        "open": said(flag(), "Users may choose it themselves."),
        **_BOUNDS,
    }
    return {
        "Org": shape(
            {
                "object": text("org"),
                "id": text(),
                "name": text(),
                "created_at": number(0),
                "disabled": flag(),
                **_BOUNDS,
            }
        ),
        "NewOrg": shape({"name": name}, {"id": text(most=200), **_BOUNDS}),
        "OrgChange": shape({}, {"name": name, "disabled": flag(), **_BOUNDS}),
        "Project": shape(
            {
                "object": text("project"),
                "id": text(),
                "org_id": text(),
                "name": text(),
                "created_at": number(0),
                "archived": flag(),
                **project,
            }
        ),
        "NewProject": shape({"name": name}, {"org": text(most=200), **project}),
        "ProjectChange": shape({}, {"name": name, "archived": flag(), **project}),
        "Group": shape({"object": text("group"), "name": text(), **group}),
        "NewGroup": shape({"name": text(least=1, most=64)}, group),
        "GroupChange": shape({}, group),
        "ModelAllowance": shape({"object": text("model_allowance"), "model": text(), **_BOUNDS}),
        "AuditEntry": shape(
            {
                "object": text("audit_entry"),
                "number": whole(1),
                "at": number(0),
                "actor": text(),
                "action": text(),
                "on": text(),
                "org_id": text(),
                "change": anything(),
                "digest": text(),
            }
        ),
    }


def _list(name: str) -> Schema:
    return shape({"object": text("list"), "data": many(ref(name)), "has_more": flag()}, {"total": whole(0)})


def _gone(name: str) -> Schema:
    return shape({name: text(), "object": text(), "deleted": flag()})


def _disabled() -> Schema:
    return shape({"id": text(), "disabled": flag()})
