"""How a request shows its credential: one header, in the form the provider declares."""

from openhearth.config import ConfigError
from openhearth.core.provider import Secret, Target


def auth_header(auth: str, secret: Secret | None) -> tuple[str, str] | None:
    """The header for ``auth``, a form of ``core.provider.Provider.auth``; ``None`` when none is sent.

    Raises ConfigError for another form, and when a secret cannot stand in a header; never shows the secret.
    """
    if auth not in ("bearer", "x-api-key", "api-key", "xi-api-key", "none"):
        raise ConfigError(f"auth is {auth!r}; it must be bearer, x-api-key, api-key, xi-api-key or none.")
    if auth == "none" or secret is None:
        return None
    value = secret.reveal().strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigError("The key is empty or holds characters that no header can carry.")
    return ("authorization", f"Bearer {value}") if auth == "bearer" else (auth, value)


def auth_headers(target: Target) -> list[tuple[str, str]]:
    """The headers of ``target``, to be joined with others: none, one, or Textin's pair. Raises ConfigError."""
    if target.provider.auth == "x-ti-app-id":
        return _textin(target.secret)
    header = auth_header(target.provider.auth, target.secret)
    return [] if header is None else [header]


def _textin(secret: Secret | None) -> list[tuple[str, str]]:
    """App id and secret code, kept as ``APP_ID|SECRET_CODE``."""
    app_id, bar, code = (secret.reveal().strip() if secret is not None else "").partition("|")
    if not (app_id and bar and code) or not (app_id + code).isascii() or not (app_id + code).isprintable():
        raise ConfigError("The key of Textin is its app id, a bar and its secret code: APP_ID|SECRET_CODE.")
    return [("x-ti-app-id", app_id), ("x-ti-secret-code", code)]
