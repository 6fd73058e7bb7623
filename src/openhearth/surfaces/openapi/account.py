"""The caller's own account: signing in and out, password, access token."""

from typing import Any

from openhearth.surfaces.openapi.access import user_fields
from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import Schema, flag, many, number, ref, said, shape, text

_CREDENTIALS = shape({"username": text(least=1, most=256), "password": text(least=1, most=1024)})


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    session = {JSON: ref("Session")}
    return {
        "/v1/auth/login": {
            "post": operation(
                "Sign in: the session comes as the cookie oh_session",
                session,
                body={JSON: _CREDENTIALS},
                open_to_all=True,
            )
        },
        "/v1/auth/logout": {
            "post": operation("Sign out", {JSON: shape({"object": text("session"), "ended": flag()})}, open_to_all=True)
        },
        "/v1/auth/register": {
            "post": operation(
                "Make an account of one's own, where that is allowed",
                session,
                body={JSON: _CREDENTIALS},
                open_to_all=True,
                status="201",
            )
        },
        "/v1/auth/password": {
            "post": operation(
                "Change one's password; all sessions end and a new one begins",
                session,
                body={
                    JSON: shape({"old_password": text(least=1, most=1024), "new_password": text(least=1, most=1024)})
                },
            )
        },
        "/v1/auth/token": {
            "post": operation(
                "A new access token; it is shown once, and the one before stops",
                {JSON: shape({"object": text("access_token"), "token": text()})},
            ),
            "delete": operation(
                "Stop the access token", {JSON: shape({"object": text("access_token"), "deleted": flag()})}
            ),
        },
        "/v1/me": {
            "get": operation("Who is calling", {JSON: ref("Me")}),
            "patch": operation(
                "Change one's own account",
                {JSON: ref("Me")},
                body={JSON: shape({}, {name: text(most=200) for name in ("email", "display_name", "group")})},
            ),
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "Me": shape({**user_fields(), "permissions": said(many(text()), "What routes may ask of this user.")}),
        "Session": shape({"object": text("session"), "user": ref("Me"), "expires_at": number(0)}),
    }
