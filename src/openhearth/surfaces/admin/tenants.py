"""Organisations and projects over HTTP."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.projects import Orgs, Projects
from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.stores.access_ports import OrgRecord, ProjectRecord
from openhearth.surfaces import bounds
from openhearth.surfaces.admin.reading import Reader, listed, made
from openhearth.surfaces.http import Json, Route

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Id = Annotated[str, msgspec.Meta(max_length=200)]
_Names = Annotated[tuple[str, ...], msgspec.Meta(max_length=200)]


class NewOrg(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/orgs. Without an id one is made."""

    name: _Name
    id: _Id = ""


class OrgChange(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of PATCH /admin/v1/orgs/{id}. What is absent stays."""

    name: _Name | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class NewProject(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/projects."""

    name: _Name
    org: _Id = ""
    models: _Names = ()


class ProjectChange(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of PATCH /admin/v1/projects/{id}. What is absent stays."""

    name: _Name | UnsetType = UNSET
    models: _Names | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


def routes(orgs: Orgs, projects: Projects, gate: Gate, limits: Limits) -> list[Route]:
    """Everything under /admin/v1/orgs and /admin/v1/projects."""
    org, project = _Orgs(orgs, limits), _Projects(projects, limits)
    return made(
        gate,
        [
            ("/admin/v1/orgs", "GET", Permission.ADMIN, org.listing),
            ("/admin/v1/orgs", "POST", Permission.OPERATE, org.create),
            ("/admin/v1/orgs/{id}", "GET", Permission.ADMIN, org.one),
            ("/admin/v1/orgs/{id}", "PATCH", Permission.OPERATE, org.change),
            ("/admin/v1/projects", "GET", Permission.ADMIN, project.listing),
            ("/admin/v1/projects", "POST", Permission.ADMIN, project.create),
            ("/admin/v1/projects/{id}", "GET", Permission.ADMIN, project.one),
            ("/admin/v1/projects/{id}", "PATCH", Permission.ADMIN, project.change),
            ("/admin/v1/projects/{id}", "DELETE", Permission.ADMIN, project.archive),
        ],
    )


class _Orgs:
    def __init__(self, orgs: Orgs, limits: Limits) -> None:
        self._orgs = orgs
        self._read = Reader(limits).body

    async def listing(self, _: Request, by: Principal) -> Response:
        return listed([_shown_org(org) for org in await self._orgs.list(by)])

    async def create(self, request: Request, by: Principal) -> Response:
        new = await self._read(request, NewOrg)
        return Json(_shown_org(await self._orgs.create(by, new.name, new.allowance(), new.id)), status_code=201)

    async def one(self, request: Request, by: Principal) -> Response:
        return Json(_shown_org(await self._orgs.one(by, request.path_params["id"])))

    async def change(self, request: Request, by: Principal) -> Response:
        changes = bounds.changes(await self._read(request, OrgChange))
        return Json(_shown_org(await self._orgs.change(by, request.path_params["id"], changes)))


class _Projects:
    def __init__(self, projects: Projects, limits: Limits) -> None:
        self._projects = projects
        self._read = Reader(limits).body

    async def listing(self, request: Request, by: Principal) -> Response:
        rows = await self._projects.list(by, request.query_params.get("org", ""))
        return listed([_shown_project(row) for row in rows])

    async def create(self, request: Request, by: Principal) -> Response:
        new = await self._read(request, NewProject)
        wanted = ProjectRecord("", new.org, new.name, 0.0, models=new.models, allowance=new.allowance())
        return Json(_shown_project(await self._projects.create(by, wanted)), status_code=201)

    async def one(self, request: Request, by: Principal) -> Response:
        return Json(_shown_project(await self._projects.one(by, request.path_params["id"])))

    async def change(self, request: Request, by: Principal) -> Response:
        changes = bounds.changes(await self._read(request, ProjectChange))
        return Json(_shown_project(await self._projects.change(by, request.path_params["id"], changes)))

    async def archive(self, request: Request, by: Principal) -> Response:
        """A project is never gone, since what it made and spent is not: it is archived."""
        project = await self._projects.change(by, request.path_params["id"], {"archived": True})
        return Json({"id": project.id, "object": "project", "deleted": True})


def _shown_org(org: OrgRecord) -> dict[str, Any]:
    row = {name: value for name, value in msgspec.structs.asdict(org).items() if name != "allowance"}
    return {"object": "org", **row, **bounds.shown(org.allowance)}


def _shown_project(project: ProjectRecord) -> dict[str, Any]:
    row = {name: value for name, value in msgspec.structs.asdict(project).items() if name != "allowance"}
    return {"object": "project", **row, **bounds.shown(project.allowance)}
