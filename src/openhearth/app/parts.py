"""What surfaces are made of: the services of the running platform, put together once by the composition root."""

from pathlib import Path

import msgspec

from openhearth.config import Config
from openhearth.files.library import Library
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.relay.pictures import Pictures
from openhearth.relay.screen import Screen
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.transport.fetch import Fetcher
from openhearth.transport.wire import Deadlines


class Parts(msgspec.Struct, frozen=True):
    """``relay`` holds config, gate, router, client, engines and meter as well. ``calls`` opens calls that our own code
    carries out. ``deadlines`` are those of one attempt. ``folder`` is the data folder, ``signing_key`` what links are
    signed with, ``screen`` what moderates for keys that are held to it."""

    config: Config
    relay: Relay
    calls: Calls
    pictures: Pictures
    fetcher: Fetcher
    library: Library
    gallery: Gallery
    sources: Sources
    deadlines: Deadlines
    folder: Path
    signing_key: bytes
    screen: Screen
