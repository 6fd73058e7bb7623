"""Which code does picture work in which wire form."""

from openhearth.core.media import ImageDriver
from openhearth.core.provider import Dialect
from openhearth.providers.embedded.images import LocalEditDriver
from openhearth.providers.embedded.poster import LocalPosterDriver
from openhearth.providers.openai_images.images import OpenAIImagesDriver
from openhearth.providers.recraft.tools import RecraftToolsDriver
from openhearth.providers.siliconflow.images import SiliconFlowImagesDriver
from openhearth.providers.volcengine.images import ArkImagesDriver
from openhearth.relay.services import Relay
from openhearth.transport.fetch import Fetcher
from openhearth.transport.wire import Deadlines


def picture_drivers(relay: Relay, fetcher: Fetcher, deadlines: Deadlines) -> dict[Dialect, ImageDriver]:
    """One driver per wire form."""
    return {
        Dialect.LOCAL_EDIT: LocalEditDriver(relay.client, relay.engines, deadlines),
        Dialect.LOCAL_POSTER: LocalPosterDriver(relay.client, relay.engines, deadlines),
        Dialect.ARK_IMAGES: ArkImagesDriver(relay.client, fetcher, deadlines),
        Dialect.OPENAI_IMAGES: OpenAIImagesDriver(relay.client, fetcher, deadlines),
        Dialect.RECRAFT_TOOLS: RecraftToolsDriver(relay.client, fetcher, deadlines),
        Dialect.SILICONFLOW_IMAGES: SiliconFlowImagesDriver(relay.client, fetcher, deadlines),
    }
