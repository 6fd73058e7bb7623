"""How a request shows its credential: one header, in the form the provider declares."""

from openhearth.config import ConfigError
from openhearth.core.provider import Secret, Target


def auth_header(auth: str, secret: Secret | None) -> tuple[str, str] | None:
    """The header for ``auth`` (``bearer``, ``x-api-key``, ``api-key``, ``none``), or ``None`` when none is sent.

    Raises ConfigError for another form, and when a secret cannot stand in a header; never shows the secret.
    """
    if auth not in ("bearer", "x-api-key", "api-key", "none"):
        raise ConfigError(f"auth is {auth!r}; it must be bearer, x-api-key, api-key or none.")
    if auth == "none" or secret is None:
        return None
    value = secret.reveal().strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigError("The key is empty or holds characters that no header can carry.")
    return ("authorization", f"Bearer {value}") if auth == "bearer" else (auth, value)


def auth_headers(target: Target) -> list[tuple[str, str]]:
    """The header of ``target`` as a list of none or one, to be joined with others. Raises ConfigError."""
    header = auth_header(target.provider.auth, target.secret)
    return [] if header is None else [header]
