"""Fish Audio's list of voices and the making of one: requests passed on with our credential."""

from openhearth.core.provider import Target
from openhearth.providers.refusal import refusal
from openhearth.transport.auth import auth_headers
from openhearth.transport.collect import collect
from openhearth.transport.head import head, host_header
from openhearth.transport.post import retry_after_s
from openhearth.transport.wire import Answer, Client, Deadlines, Outgoing

_MOST_ANSWER_BYTES = 4 * 1024 * 1024


class FishVoices:
    """Asks a target of Fish Audio's."""

    def __init__(self, client: Client, deadlines: Deadlines) -> None:
        self._client = client
        self._deadlines = deadlines

    async def ask(self, target: Target, method: str, path: str, content_type: str, body: bytes) -> Answer:
        """The answer, if it is good. Raises UpstreamError."""
        headers = [("user-agent", "openhearth"), *auth_headers(target)]
        if body:
            headers.append(("content-type", content_type))
        line = head(method, target.base_path + path, host_header(target.origin), headers)
        call = Outgoing(target.origin, line, body, self._deadlines, target.id)
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status >= 300:
            raise refusal(answer.status, answer.body, target, retry_after_s(answer.headers))
        return answer
