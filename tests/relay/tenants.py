"""Keys of many tenants: ``tenant-NAME`` is the key of NAME."""

from typing_extensions import override

from openhearth.core.call import Principal
from tests.fakes.access import Keys


class Tenants(Keys):
    """Each key is known at once."""

    @override
    def find_cached(self, token: bytes) -> Principal | None:
        name = token.decode().removeprefix("tenant-")
        return Principal(f"key_{name}", name, name)
