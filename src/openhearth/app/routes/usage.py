"""Usage, the log of calls, and the same in OpenAI's form."""

from starlette.routing import BaseRoute

from openhearth.accounts.usage import Usage
from openhearth.relay.gate import Gate
from openhearth.surfaces.usage import organization
from openhearth.surfaces.usage.routes import routes as usage_routes


def routes(usage: Usage, gate: Gate) -> list[BaseRoute]:
    """One's own, and an administrator's."""
    return [*usage_routes(usage, gate), *organization.routes(usage, gate)]
