"""A small script such as people write for New API: an access token, ``New-Api-User``, and its documented calls.

It knows nothing of this platform: only paths, fields and numbers of that form.
"""

import json
from typing import Any

from starlette.types import ASGIApp

from tests.fakes.asgi import Answer, ask

UNIT = 500_000
"""Quota units of a dollar."""


class Refused(Exception):
    """``success`` is false; the message says why."""


class Client:
    """One user's script. ``token`` is the access token, ``number`` the user's id."""

    def __init__(self, app: ASGIApp, token: str = "", number: int = 0) -> None:
        self.app = app
        self.headers = {"content-type": "application/json"}
        if token:
            self.headers |= {"authorization": token}
        if number:
            self.headers |= {"new-api-user": str(number)}

    async def raw(self, method: str, path: str, body: object = None) -> Answer:
        """The answer as it comes."""
        sent = b"" if body is None else json.dumps(body).encode()
        return await ask(self.app, method, path, headers=self.headers, body=sent)

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """``data`` of the envelope. Raises Refused."""
        answer = await self.raw(method, path, body)
        said = answer.json()
        if not said["success"]:
            raise Refused(said["message"])
        assert answer.status == 200
        return said.get("data")

    async def get(self, path: str) -> Any:
        return await self.call("GET", path)

    async def post(self, path: str, body: object = None) -> Any:
        return await self.call("POST", path, body)

    async def put(self, path: str, body: object) -> Any:
        return await self.call("PUT", path, body)

    async def delete(self, path: str) -> Any:
        return await self.call("DELETE", path)

    async def items(self, path: str) -> list[dict[str, Any]]:
        """All pages of a list, page by page from 1."""
        found: list[dict[str, Any]] = []
        number = 1
        while True:
            joint = "&" if "?" in path else "?"
            page = await self.get(f"{path}{joint}p={number}&page_size=3")
            assert page["page"] == number
            found += page["items"]
            if len(found) >= page["total"]:
                return found
            assert page["items"]
            number += 1
