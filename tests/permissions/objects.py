"""Objects that belong to somebody, and every place where their ids may be written: paths, queries and bodies.

For each of them another tenant's object must be answered exactly as one that does not exist.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.permissions import newapi_rows as newapi

HOME = "http://gate.test"
PICTURES, HEARING, SPEAKING, JUDGE = "gpt-image-1", "whisper-1", "tts-1", "omni-moderation-latest"


class Foreign(msgspec.Struct, frozen=True):
    """One place for the id of a ``thing``: ``{id}`` in the path, the query or the body.

    Other words in braces come from whoever asks, ``{owner}`` from the thing's owner. ``ends``: the owner's own call
    ends the thing's life, and comes last.
    """

    route: str
    thing: str
    path: str
    body: Any = None
    ends: bool = False


_IN_ORG = "what lies in another organisation is tried by tests/access/test_tenants.py"
SHARED: Mapping[str, str] = {
    **newapi.SHARED,
    "GET /samples/{name}": "sample pictures are for everybody",
    "GET /v1/models/{name:path}": "models are the server's; which of them a key may use is its own list",
    "POST /v1/engines/{model:path}/embeddings": "models are the server's",
    "POST /aitools/v1/recraft/v1/images/{tool}": "the name of a tool",
    "POST /aitools/v1/document-intelligence/{service}": "the name of a service",
    "GET /fish/model/{voice}": "embedded voices, and those of the operator's own account at Fish Audio",
    "POST /elevenlabs/v1/text-to-speech/{voice}": "voices of the server and of the operator's account",
    "POST /elevenlabs/v1/text-to-speech/{voice}/stream": "voices",
    "POST /elevenlabs/v1/text-to-speech/{voice}/with-timestamps": "voices",
    "POST /elevenlabs/v1/text-to-speech/{voice}/stream/with-timestamps": "voices",
    "PATCH /admin/v1/keys/{id}": _IN_ORG,
    "POST /admin/v1/keys/{id}/disable": _IN_ORG,
    "GET /admin/v1/keys/{id}": _IN_ORG,
    "DELETE /admin/v1/keys/{id}": _IN_ORG,
    "POST /admin/v1/keys/{id}/enable": _IN_ORG,
    "POST /admin/v1/keys/{id}/rotate": _IN_ORG,
    "GET /admin/v1/users/{id}": _IN_ORG,
    "PATCH /admin/v1/users/{id}": _IN_ORG,
    "DELETE /admin/v1/users/{id}": _IN_ORG,
    "POST /admin/v1/users/{id}/password": _IN_ORG,
    "POST /admin/v1/users/{id}/top-up": _IN_ORG,
    "GET /admin/v1/orgs/{id}": _IN_ORG,
    "PATCH /admin/v1/orgs/{id}": _IN_ORG,
    "GET /admin/v1/projects/{id}": _IN_ORG,
    "PATCH /admin/v1/projects/{id}": _IN_ORG,
    "DELETE /admin/v1/projects/{id}": _IN_ORG,
    "GET /admin/v1/groups/{name}": "groups are the server's",
    "PATCH /admin/v1/groups/{name}": "groups are the server's",
    "DELETE /admin/v1/groups/{name}": "groups are the server's",
    "GET /admin/v1/models/{name:path}/allowance": "models are the server's",
    "PUT /admin/v1/models/{name:path}/allowance": "models are the server's",
    "DELETE /admin/v1/models/{name:path}/allowance": "models are the server's",
    "PATCH /admin/v1/targets/{id}": "targets are the server's",
    "DELETE /admin/v1/targets/{id}": "targets are the server's",
    "PUT /admin/v1/routing/{model:path}": "models are the server's",
    "DELETE /admin/v1/routing/{model:path}": "models are the server's",
    "POST /admin/v1/targets/{id}/test": "targets are the server's",
    "GET /admin/v1/prices/{version}": "prices are the server's",
}
"""Routes whose path parameter names nothing of a tenant's, and why."""


def _pictures(route: str, body: dict[str, Any], name: str = "image") -> list[Foreign]:
    """All that may stand where a body names a picture."""
    path = route.partition(" ")[2]
    return [
        Foreign(route, thing, path, {**body, name: source})
        for thing, source in (
            ("file", "{id}"),
            ("picture", "{id}"),
            ("file", {"file_id": "{id}"}),
            ("file", {"image_url": "{id}"}),
            ("picture", {"image_url": {"url": "{id}"}}),
            ("picture", [{"file_id": "{id}"}]),
            ("file", f"{HOME}/v1/files/{{id}}/content"),
            ("picture", f"{HOME}/media/{{signature}}/{{id}}.png"),
            ("picture", "/media/{signature}/{id}.png"),
        )
    ]


def _documents(route: str, body: dict[str, Any], *names: str) -> list[Foreign]:
    path = route.partition(" ")[2]
    return [
        Foreign(route, thing, path, {**body, name: source})
        for name in names
        for thing, source in (
            ("file", "{id}"),
            ("file", {"file_id": "{id}"}),
            ("file", [{"url": "{id}"}]),
            ("picture", "{id}"),
            ("file", f"{HOME}/v1/files/{{id}}/content"),
            ("picture", f"{HOME}/media/{{signature}}/{{id}}.png"),
        )
    ]


def _words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _address(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def _chat(*content: dict[str, Any]) -> dict[str, Any]:
    return {"model": f"chat-{PICTURES}", "messages": [{"role": "user", "content": list(content)}]}


_EDIT = {"model": PICTURES, "prompt": "Make it blue."}
_RECRAFT = "POST /aitools/v1/recraft/v1/images/{tool}"
_SERVICE = "POST /aitools/v1/document-intelligence/{service}"

FOREIGN: tuple[Foreign, ...] = (
    Foreign("GET /v1/files/{file_id}", "file", "/v1/files/{id}"),
    Foreign("GET /v1/files/{file_id}/content", "file", "/v1/files/{id}/content"),
    Foreign("GET /v1/files", "file", "/v1/files?after={id}"),
    Foreign("GET /v1/files/{file_id}", "sound", "/v1/files/{id}"),
    Foreign("GET /v1/generation", "call", "/v1/generation?id={id}"),
    Foreign("GET /v1/calls/{id}", "call", "/v1/calls/{id}"),
    Foreign("GET /v1/calls/{id}/explain", "call", "/v1/calls/{id}/explain"),
    Foreign("GET /v1/calls/{id}/receipt", "call", "/v1/calls/{id}/receipt"),
    Foreign("GET /v1/images/{picture_id}/lineage", "picture", "/v1/images/{id}/lineage"),
    Foreign("GET /media/{signature}/{name}", "picture", "/media/{signature}/{id}.png"),
    Foreign("GET /media/audio/{owner}/{signature}/{name}", "sound", "/media/audio/{owner}/{sound_signature}/{id}.mp3"),
    *_pictures("POST /v1/images/edits", _EDIT),
    *_pictures("POST /v1/images/generations", _EDIT),
    *_pictures("POST /v1/images/variations", {"model": "dall-e-2"}),
    *_pictures("POST /v1/images/edits", {**_EDIT, "image": f"{HOME}/samples/portrait.jpg"}, "mask"),
    *_pictures("POST /v1/images/edits", _EDIT, "images"),
    *_pictures("POST /v1/images/generations", _EDIT, "images"),
    *(
        Foreign(
            "POST /v1/chat/completions", thing, "/v1/chat/completions", _chat(_words("Make it blue."), _address(at))
        )
        for thing, at in (
            ("file", "{id}"),
            ("picture", "{id}"),
            ("file", f"{HOME}/v1/files/{{id}}/content"),
            ("picture", f"{HOME}/media/{{signature}}/{{id}}.png"),
        )
    ),
    Foreign(
        "POST /v1/chat/completions",
        "picture",
        "/v1/chat/completions",
        _chat(_words("![it](img) Make ![it]({id}) blue.")),
    ),
    *_pictures("POST /aitools/v1/images", {"model": PICTURES, "task": "remove_background"}),
    *_pictures("POST /aitools/v1/images/edits", {"model": f"{PICTURES}/remove_background"}),
    *(
        Foreign(_RECRAFT, row.thing, "/aitools/v1/recraft/v1/images/removeBackground", row.body)
        for row in (*_pictures(_RECRAFT, {}), *_pictures(_RECRAFT, {}, "file"))
    ),
    *(
        Foreign("GET /beta/image", thing, f"/beta/image?model={PICTURES}&task=remove_background&url={source}")
        for thing, source in (("file", "{id}"), ("picture", "{id}"), ("file", f"{HOME}/v1/files/{{id}}/content"))
    ),
    *_documents("POST /v1/ocr", {}, "image", "file", "file_id", "url", "document"),
    *(
        Foreign(_SERVICE, row.thing, "/aitools/v1/document-intelligence/pdf_to_markdown", row.body)
        for row in _documents(_SERVICE, {}, "image", "file")
    ),
    *_documents("POST /textin/v1/pdf_to_markdown", {}, "data", "file"),
    *_documents("POST /textin/v1/image/watermark_remove", {}, "image", "data", "file"),
    *_documents("POST /textin/v1/crop_enhance_image", {}, "data", "file"),
    *(
        Foreign(f"POST /v1/audio/{kind}", thing, f"/v1/audio/{kind}", {"model": HEARING, name: "{id}"})
        for kind in ("transcriptions", "translations")
        for name in ("file", "file_id", "file_url", "url")
        for thing in ("file", "sound")
    ),
    *(
        Foreign(
            "POST /elevenlabs/v1/speech-to-text",
            "file",
            "/elevenlabs/v1/speech-to-text",
            {"model_id": HEARING, name: "{id}"},
        )
        for name in ("cloud_storage_url", "source_url", "file", "url")
    ),
    *(
        Foreign("POST /v1/moderations", thing, "/v1/moderations", {"model": JUDGE, "input": [_address(at)]})
        for thing, at in (
            ("file", "{id}"),
            ("picture", "{id}"),
            ("file", f"{HOME}/v1/files/{{id}}/content"),
            ("picture", f"{HOME}/media/{{signature}}/{{id}}.png"),
        )
    ),
    Foreign("DELETE /v1/images/{picture_id}", "picture", "/v1/images/{id}", ends=True),
    Foreign("DELETE /v1/files/{file_id}", "file", "/v1/files/{id}", ends=True),
)
