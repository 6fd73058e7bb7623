"""What every route asks of its caller, written down a second time: a route without a row here fails the tests.

A row says the permission, the family in whose form a refusal comes, and what else must be known to call the route.
"""

from typing import Any

import msgspec

from openhearth.core.permissions import Permission
from tests.permissions import newapi_rows as newapi
from tests.permissions.families import (
    ANTHROPIC,
    COHERE,
    ELEVENLABS,
    EVERY_FORM,
    FISH,
    GEMINI,
    NEWAPI,
    OPENAI,
    TEXTIN,
    Family,
)

PUBLIC, CALL, ADMIN, OPERATE = Permission.PUBLIC, Permission.CALL, Permission.ADMIN, Permission.OPERATE


class Row(msgspec.Struct, frozen=True):
    """``ways`` are further ways of sending a key that this route documents (names of ``callers.WAYS``), and ways that
    ask for refusals of another family; ``path`` values of path parameters, ``body`` what is sent (JSON).

    ``refused_only``: why those who are allowed do not try it here (it would change what other cells rely on).
    """

    permission: Permission
    family: Family = OPENAI
    ways: dict[str, Family] = {}
    path: dict[str, str] = {}
    body: Any = {}
    refused_only: str = ""


def _rows(row: Row, *routes: str) -> dict[str, Row]:
    return dict.fromkeys(routes, row)


ROWS: dict[str, Row] = {
    **{name: Row(permission, NEWAPI) for permission, routes in newapi.PERMISSIONS.items() for name in routes},
    **_rows(Row(OPERATE, NEWAPI, refused_only="it is refused to everybody"), *newapi.ALWAYS_REFUSED),
    **_rows(Row(CALL, NEWAPI), *newapi.BY_KEY),
    **_rows(Row(CALL, NEWAPI, ways={"?key=": NEWAPI}), *newapi.BY_KEY_OR_QUERY),
    **_rows(Row(CALL), *newapi.BILLING),
    **_rows(Row(PUBLIC), "POST /v1/auth/login", "POST /v1/auth/logout", "POST /v1/auth/register"),
    **_rows(
        Row(Permission.ACCOUNT),
        "POST /v1/auth/password",
        "POST /v1/auth/token",
        "DELETE /v1/auth/token",
        "GET /v1/me",
        "PATCH /v1/me",
    ),
    **_rows(Row(Permission.ROOT), "POST /admin/v1/secrets/rotate"),
    **_rows(
        Row(PUBLIC),
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /openapi.json",
        "GET /v1/receipts/key",
        "GET /samples/{name}",
        "GET /media/{signature}/{name}",
        "GET /media/audio/{owner}/{signature}/{name}",
    ),
    **_rows(
        Row(CALL),
        "POST /v1/chat/completions",
        "POST /v1/completions",
        "POST /v1/embeddings",
        "POST /v1/engines/{model:path}/embeddings",
        "POST /v1/moderations",
        "POST /v1/images/generations",
        "POST /v1/images/edits",
        "POST /v1/images/variations",
        "GET /v1/images/{picture_id}/lineage",
        "DELETE /v1/images/{picture_id}",
        "POST /v1/audio/speech",
        "GET /v1/audio/voices",
        "POST /v1/audio/transcriptions",
        "POST /v1/audio/translations",
        "POST /v1/files",
        "GET /v1/files",
        "GET /v1/files/{file_id}",
        "DELETE /v1/files/{file_id}",
        "GET /v1/files/{file_id}/content",
        "POST /v1/ocr",
        "POST /aitools/v1/images",
        "POST /aitools/v1/images/edits",
        "POST /aitools/v1/recraft/v1/images/generations",
        "POST /aitools/v1/recraft/v1/images/{tool}",
        "POST /aitools/v1/document-intelligence/{service}",
        "GET /beta/image",
        "GET /v1/usage",
        "GET /v1/usage/series",
        "GET /v1/usage/calls",
        "GET /v1/generation",
        "GET /v1/calls/{id}",
        "GET /v1/calls/{id}/explain",
        "GET /v1/calls/{id}/receipt",
    ),
    **_rows(
        Row(CALL, ways={"x-goog-api-key": GEMINI, "?key=": GEMINI, "anthropic": ANTHROPIC}),
        "GET /v1/models",
        "GET /v1/models/{name:path}",
    ),
    **_rows(Row(CALL, EVERY_FORM), "POST /v1/rerank"),
    **_rows(Row(CALL, COHERE), "POST /v2/rerank", "POST /v1/v2/rerank"),
    **_rows(Row(CALL, FISH), "POST /fish/v1/tts", "GET /fish/model", "POST /fish/model", "GET /fish/model/{voice}"),
    **_rows(
        Row(CALL, ELEVENLABS),
        "POST /elevenlabs/v1/speech-to-text",
        "POST /elevenlabs/v1/text-to-speech/{voice}",
        "POST /elevenlabs/v1/text-to-speech/{voice}/stream",
        "POST /elevenlabs/v1/text-to-speech/{voice}/with-timestamps",
        "POST /elevenlabs/v1/text-to-speech/{voice}/stream/with-timestamps",
        "GET /elevenlabs/v1/voices",
    ),
    **_rows(
        Row(CALL, TEXTIN, ways={"x-ti-secret-code": TEXTIN}),
        "POST /textin/v1/pdf_to_markdown",
        "POST /textin/v1/image/watermark_remove",
        "POST /textin/v1/crop_enhance_image",
    ),
    **_rows(
        Row(ADMIN),
        "GET /admin/v1/usage",
        "GET /admin/v1/usage/series",
        "GET /admin/v1/logs",
        "GET /admin/v1/logs/count",
        "GET /v1/organization/costs",
        "GET /v1/organization/usage/completions",
        "GET /v1/organization/usage/embeddings",
        "GET /v1/organization/usage/images",
        "GET /v1/organization/usage/moderations",
        "GET /admin/v1/keys",
        "POST /admin/v1/keys",
        "PATCH /admin/v1/keys/{id}",
        "POST /admin/v1/keys/{id}/disable",
        "GET /admin/v1/keys/{id}",
        "DELETE /admin/v1/keys/{id}",
        "POST /admin/v1/keys/{id}/enable",
        "POST /admin/v1/keys/{id}/rotate",
        "GET /admin/v1/users",
        "POST /admin/v1/users",
        "GET /admin/v1/users/{id}",
        "PATCH /admin/v1/users/{id}",
        "DELETE /admin/v1/users/{id}",
        "POST /admin/v1/users/{id}/password",
        "GET /admin/v1/orgs",
        "GET /admin/v1/orgs/{id}",
        "GET /admin/v1/projects",
        "POST /admin/v1/projects",
        "GET /admin/v1/projects/{id}",
        "PATCH /admin/v1/projects/{id}",
        "DELETE /admin/v1/projects/{id}",
        "GET /admin/v1/groups",
        "GET /admin/v1/groups/{name}",
        "GET /admin/v1/audit",
    ),
    **_rows(
        Row(OPERATE),
        "POST /admin/v1/users/{id}/top-up",
        "POST /admin/v1/orgs",
        "PATCH /admin/v1/orgs/{id}",
        "POST /admin/v1/groups",
        "PATCH /admin/v1/groups/{name}",
        "DELETE /admin/v1/groups/{name}",
        "GET /admin/v1/models/allowances",
        "GET /admin/v1/models/{name:path}/allowance",
        "PUT /admin/v1/models/{name:path}/allowance",
        "DELETE /admin/v1/models/{name:path}/allowance",
        "GET /admin/v1/audit/check",
        "GET /admin/v1/targets",
        "POST /admin/v1/targets",
        "PATCH /admin/v1/targets/{id}",
        "DELETE /admin/v1/targets/{id}",
        "POST /admin/v1/targets/{id}/test",
        "GET /v1/targets/health",
        "GET /admin/v1/routing",
        "PUT /admin/v1/routing/{model:path}",
        "DELETE /admin/v1/routing/{model:path}",
        "GET /admin/v1/engines",
        "GET /admin/v1/prices",
        "POST /admin/v1/prices",
        "POST /admin/v1/prices/import",
        "GET /admin/v1/prices/history",
        "GET /admin/v1/prices/{version}",
        "GET /admin/v1/costs",
        "GET /admin/v1/cache",
        "GET /admin/v1/ledger/check",
        "GET /admin/v1/ledger/balances",
    ),
}
