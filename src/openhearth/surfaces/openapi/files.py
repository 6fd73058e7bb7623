"""Files, the pictures that were made, and their lineage."""

from typing import Any

from openhearth.surfaces.openapi.operation import BYTES, FORM, JSON, operation
from openhearth.surfaces.openapi.schema import Schema, anything, file, flag, many, maybe, ref, said, shape, text, whole

_ANY = "*/*"
_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_FILE_ID = {"file_id": text(least=1)}
_PICTURE_ID = {"picture_id": text(least=1)}


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/v1/files": {
            "post": operation("Keep a file", {JSON: ref("File")}, body={FORM: _upload()}),
            "get": operation(
                "The caller's files",
                {JSON: ref("FileList")},
                query={
                    "purpose": text(),
                    "limit": whole(1, 10_000),
                    "order": text("asc", "desc"),
                    "after": text(),
                },
            ),
        },
        "/v1/files/{file_id}": {
            "get": operation("One file's description", {JSON: ref("File")}, path=_FILE_ID),
            "delete": operation("Delete a file", {JSON: ref("Deleted")}, path=_FILE_ID),
        },
        "/v1/files/{file_id}/content": {
            "get": operation("A file's bytes", {_ANY: BYTES}, path=_FILE_ID),
        },
        "/v1/images/{picture_id}/lineage": {
            "get": operation("How a picture came about", {JSON: ref("Lineage")}, path=_PICTURE_ID),
        },
        "/v1/images/{picture_id}": {
            "delete": operation("Delete a picture", {JSON: ref("Deleted")}, path=_PICTURE_ID),
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "File": shape(
            {
                "id": text(),
                "object": text("file"),
                "bytes": whole(0),
                "created_at": whole(0),
                "filename": text(),
                "purpose": text(),
                "status": text("processed"),
            },
            {"expires_at": maybe(whole(0)), "status_details": maybe(text())},
        ),
        "FileList": shape(
            {"object": text("list"), "data": many(ref("File")), "has_more": flag()},
            {"first_id": maybe(text()), "last_id": maybe(text())},
        ),
        "Deleted": shape({"id": text(), "object": text(), "deleted": flag()}),
        "Lineage": shape({"object": text("image.lineage"), "id": text(), "data": many(anything())}),
    }


def _upload() -> Schema:
    return shape(
        {"file": file("*/*"), "purpose": text(*_PURPOSES)},
        {
            "expires_after[anchor]": said(text("created_at"), "With expires_after[seconds]."),
            "expires_after[seconds]": whole(3600, 2_592_000),
        },
    )
