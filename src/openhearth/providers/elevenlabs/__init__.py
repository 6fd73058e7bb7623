"""ElevenLabs: speech with the time of each character, and transcripts, in its own forms."""

from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider
from openhearth.dialects.elevenlabs_speech.request import MODELS

PROVIDER = Provider(
    name="elevenlabs",
    title="ElevenLabs",
    base_url="https://api.elevenlabs.io/v1",
    env_key="ELEVENLABS_API_KEY",
    speaks={
        Operation.SPEECH: Dialect.ELEVENLABS_SPEECH,
        Operation.TRANSCRIBE: Dialect.ELEVENLABS_TRANSCRIPTS,
    },
    models=(*MODELS, "scribe_*"),
    auth="xi-api-key",
)
