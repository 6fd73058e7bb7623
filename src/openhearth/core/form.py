"""Writing multipart/form-data (RFC 7578): what the reader in ``core.multipart`` takes apart."""

import secrets

import msgspec

_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class FilePart(msgspec.Struct, frozen=True):
    """A file in a form."""

    name: str
    filename: str
    mime: str
    data: bytes


class Form(msgspec.Struct, frozen=True):
    """A body and its Content-Type."""

    content_type: str
    body: bytes


def written(fields: tuple[tuple[str, str], ...], files: tuple[FilePart, ...]) -> Form:
    """The fields and files as one body, in this order.

    Names are escaped as browsers do, so that none can end its header early
    (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data).
    """
    boundary = f"openhearth{secrets.token_hex(16)}"
    edge = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts: list[bytes] = []
    for name, value in fields:
        parts.append(f'{edge}"{name.translate(_ESCAPES)}"\r\n\r\n{value}\r\n'.encode())
    for file in files:
        names = f'"{file.name.translate(_ESCAPES)}"; filename="{file.filename.translate(_ESCAPES)}"'
        mime = file.mime.translate(_ESCAPES) or "application/octet-stream"
        parts += [f"{edge}{names}\r\nContent-Type: {mime}\r\n\r\n".encode(), file.data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return Form(f"multipart/form-data; boundary={boundary}", b"".join(parts))
