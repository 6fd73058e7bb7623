"""Sample pictures that the platform itself serves, so that the first example works offline.

Every file is listed in SOURCES.md with its origin and licence.
"""

from importlib.resources import files

from openhearth.core.errors import NotFound

NAMES = ("portrait.jpg",)


def load(name: str) -> bytes:
    """The bytes of a sample. Raises NotFound naming those that exist."""
    if name not in NAMES:
        raise NotFound(f"There is no sample '{name[:64]}'; there is {', '.join(NAMES)}.", code="sample_not_found")
    return files(__name__).joinpath(name).read_bytes()
