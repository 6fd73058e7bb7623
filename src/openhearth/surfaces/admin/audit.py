"""The audit log, and the rotation of the master key, over HTTP."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.audit import TENANTS_KINDS, AuditRecords
from openhearth.accounts.rotation import Rotation
from openhearth.accounts.rules import scope_of
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.stores.access_ports import AuditRecord
from openhearth.surfaces.admin.reading import made, number
from openhearth.surfaces.http import Json, Route

_MOST_ROWS = 1000
_FAR = 10**12 - 1


def routes(records: AuditRecords, rotation: Rotation, gate: Gate) -> list[Route]:
    """/admin/v1/audit and /admin/v1/secrets/rotate."""
    log = _Log(records, rotation)
    return made(
        gate,
        [
            ("/admin/v1/audit", "GET", Permission.ADMIN, log.listing),
            ("/admin/v1/audit/check", "GET", Permission.OPERATE, log.check),
            ("/admin/v1/secrets/rotate", "POST", Permission.ROOT, log.rotate),
        ],
    )


class _Log:
    def __init__(self, records: AuditRecords, rotation: Rotation) -> None:
        self._records = records
        self._rotation = rotation

    async def listing(self, request: Request, by: Principal) -> Response:
        """Newest first; ``before`` is a number, for the page after this one. Administrators read what was done in their
        organisation, by whomever; operators everything."""
        limit = number(request, "limit", 1, _MOST_ROWS, 100)
        before = number(request, "before", 0, _FAR, _FAR)
        org_id, kinds = scope_of(by) or "", () if by.may(Permission.OPERATE) else TENANTS_KINDS
        found = await self._records.audit_entries(before=before, limit=limit + 1, org_id=org_id, kinds=kinds)
        rows, has_more = found[:limit], len(found) > limit
        return Json({"object": "list", "data": [_shown(row) for row in rows], "has_more": has_more})

    async def check(self, _: Request, __: Principal) -> Response:
        wrong = await self._records.check_audit()
        return Json({"object": "audit_check", "ok": wrong is None, "first_wrong": wrong})

    async def rotate(self, _: Request, by: Principal) -> Response:
        return Json({"object": "master_key", **msgspec.structs.asdict(await self._rotation.rotate(by))})


def _shown(entry: AuditRecord) -> dict[str, Any]:
    return {
        "object": "audit_entry",
        "number": entry.number,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "on": entry.object,
        "org_id": entry.org_id,
        "change": entry.change,
        "digest": entry.digest,
    }
