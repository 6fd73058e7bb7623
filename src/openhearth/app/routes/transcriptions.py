"""Speech to text, in OpenAI's form and in ElevenLabs'."""

from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.core.provider import Dialect
from openhearth.core.transcript import TranscriptDriver
from openhearth.dialects.elevenlabs_transcripts.request import KINDS as elevenlabs_kinds
from openhearth.dialects.openai_transcripts.fields import KINDS as openai_kinds
from openhearth.engines.transcribe.settings import spool_folder
from openhearth.providers.elevenlabs.transcribe import ElevenLabsTranscriptsDriver
from openhearth.providers.openai_transcripts.transcribe import OpenAITranscriptsDriver
from openhearth.stores.spool import Spool
from openhearth.surfaces.elevenlabs import stt
from openhearth.surfaces.elevenlabs.stt import SpeechToText
from openhearth.surfaces.openai import transcriptions
from openhearth.surfaces.openai.transcriptions import Transcriptions
from openhearth.surfaces.recordings import Recordings


def routes(parts: Parts) -> list[BaseRoute]:
    """Both families share the drivers and the spool, which is emptied here."""
    relay, config = parts.relay, parts.config
    most = config.transcripts.relay_bytes
    drivers: dict[Dialect, TranscriptDriver] = {
        Dialect.OPENAI_TRANSCRIPTS: OpenAITranscriptsDriver(
            relay.client, relay.engines, parts.deadlines, relay_bytes=most
        ),
        Dialect.ELEVENLABS_TRANSCRIPTS: ElevenLabsTranscriptsDriver(relay.client, parts.deadlines, relay_bytes=most),
    }
    spool = Spool(spool_folder(config))
    spool.clear()

    def recordings(names: tuple[str, ...], kinds: Mapping[str, Any]) -> Recordings:
        return Recordings(spool, parts.library, parts.fetcher, config.limits, source_names=names, kinds=kinds)

    own = recordings(transcriptions.SOURCE_NAMES, openai_kinds)
    foreign = recordings(stt.SOURCE_NAMES, elevenlabs_kinds)
    return [
        *Transcriptions(relay.gate, parts.calls, own, drivers, config, screen=parts.screen).routes(),
        *SpeechToText(relay.gate, parts.calls, foreign, drivers, config, screen=parts.screen).routes(),
    ]
