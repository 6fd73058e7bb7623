"""Every way a call can fail, as one tree, so that each cause has one status, one code and one retry rule.

GatewayError
├── RequestError            400
│   ├── NotFound            404 unknown model, object or path
│   ├── MethodNotAllowed    405
│   ├── RequestTimeout      408 the request did not arrive in time
│   ├── Conflict            409
│   ├── TooLarge            413
│   ├── UnsupportedMedia    415
│   ├── NotTranslatable     422 a field cannot be carried over and strictness was asked for
│   ├── HeadersTooLarge     431
│   └── Moderated           451 the provider refused the content
├── AccessError             401 key missing, unknown, disabled or expired
│   └── Forbidden           403 the key is good but may not do this
├── LimitError              429 rate or queue, with retry_after_s
│   └── BudgetSpent         402
├── UpstreamError           carries target, status, upstream code
│   ├── UpstreamRejected    4xx: the caller's fault, passed on
│   ├── UpstreamRefusedUs   401/402/403 with our credential; shown as 502
│   ├── UpstreamBusy        429/529; shown as 429
│   ├── UpstreamDown        connect failure, reset, 5xx; shown as 502
│   ├── UpstreamTimeout     504
│   └── UpstreamGarbled     502 the answer does not follow its dialect
├── NoTargetLeft            503 every target was tried or is cooling down
├── EngineNotInstalled      503 the pack is missing or on its way; the message holds the exact command
├── EngineOutOfMemory       503 no room beside the engines that work now
├── ShuttingDown            503
├── Overloaded              503 there is no room for one more connection
├── StoreAway               503 the database or the shared counters cannot be reached
├── StorageFull             507 the disk or the store has no room left
└── Bug                     500 no detail to the client

A dialect writes these in its family's shape; nobody else formats an error.
"""

import math
from typing import ClassVar

from typing_extensions import override


class GatewayError(Exception):
    """Base of all failures that reach a client. ``message`` is safe to show: it holds no secret."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: str = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        if code is not None:
            self.code = code

    @property
    def shown_status(self) -> int:
        """The HTTP status the client sees."""
        return self.status

    @property
    def wait_s(self) -> int | None:
        """Retry-After: whole seconds, upwards, for who comes back a part of a second early is refused again."""
        return None if self.retry_after_s is None else max(1, math.ceil(self.retry_after_s))


class RequestError(GatewayError):
    status = 400
    type = "invalid_request_error"
    code = "invalid_request"


class Flagged(RequestError):
    """Moderation stopped what was sent, or withheld what was made. What was made is charged."""

    code = "content_flagged"


class NotFound(RequestError):
    status = 404
    code = "not_found"


class MethodNotAllowed(RequestError):
    status = 405
    code = "method_not_allowed"


class RequestTimeout(RequestError):
    status = 408
    code = "request_timeout"


class Conflict(RequestError):
    status = 409
    code = "conflict"


class TooLarge(RequestError):
    status = 413
    code = "request_too_large"


class UnsupportedMedia(RequestError):
    status = 415
    code = "unsupported_media_type"


class NotTranslatable(RequestError):
    status = 422
    code = "not_translatable"


class HeadersTooLarge(RequestError):
    status = 431
    code = "headers_too_large"


class Moderated(RequestError):
    status = 451
    code = "content_refused"


class AccessError(GatewayError):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class Forbidden(AccessError):
    status = 403
    type = "permission_error"
    code = "not_allowed"


class LimitError(GatewayError):
    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class BudgetSpent(LimitError):
    status = 402
    type = "insufficient_quota"
    code = "insufficient_quota"


class UpstreamError(GatewayError):
    """An attempt failed. ``upstream_status`` is what the upstream answered, ``None`` when it did not."""

    status = 502
    type = "upstream_error"
    code = "upstream_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        target: str = "",
        upstream_status: int | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(message, code=code, param=param, retry_after_s=retry_after_s)
        self.target = target
        self.upstream_status = upstream_status
        self.body = body


class UpstreamRejected(UpstreamError):
    type = "invalid_request_error"
    code = "upstream_rejected"

    @property
    @override
    def shown_status(self) -> int:
        return self.upstream_status or 400


class UpstreamRefusedUs(UpstreamError):
    code = "upstream_refused_credential"


class UpstreamBusy(UpstreamError):
    status = 429
    type = "rate_limit_error"
    code = "upstream_busy"


class UpstreamDown(UpstreamError):
    code = "upstream_down"


class UpstreamTimeout(UpstreamError):
    status = 504
    code = "upstream_timeout"


class UpstreamGarbled(UpstreamError):
    code = "upstream_garbled"


class NoTargetLeft(GatewayError):
    status = 503
    type = "service_unavailable"
    code = "no_target_left"


class EngineNotInstalled(GatewayError):
    status = 503
    type = "service_unavailable"
    code = "engine_not_installed"


class EngineOutOfMemory(GatewayError):
    status = 503
    type = "service_unavailable"
    code = "engine_out_of_memory"


class ShuttingDown(GatewayError):
    status = 503
    type = "service_unavailable"
    code = "shutting_down"


class Overloaded(GatewayError):
    status = 503
    type = "service_unavailable"
    code = "too_many_connections"


class StoreAway(GatewayError):
    """A store cannot be reached or does not answer; nothing is wrong with the request or its key."""

    status = 503
    type = "service_unavailable"
    code = "store_unavailable"


class StorageFull(GatewayError):
    status = 507
    type = "storage_error"
    code = "storage_full"


class Bug(GatewayError):
    """Our own fault. The client gets the call id and nothing else."""
