"""Speech: OpenAI's form, and the native forms of Fish Audio and ElevenLabs."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.core.provider import Dialect
from openhearth.core.speech import SpeechDriver
from openhearth.media.sounds import Sounds
from openhearth.providers.elevenlabs.speech import ElevenLabsSpeechDriver
from openhearth.providers.fish.models import FishVoices
from openhearth.providers.fish.speech import FishSpeechDriver
from openhearth.providers.openai_speech.speech import OpenAISpeechDriver
from openhearth.relay.speech import Speeches
from openhearth.surfaces.elevenlabs.tts import TextToSpeech
from openhearth.surfaces.fish.models import FishModels
from openhearth.surfaces.fish.tts import Fish
from openhearth.surfaces.openai import sound_links
from openhearth.surfaces.openai.speech import Speech


def routes(parts: Parts) -> list[BaseRoute]:
    """One driver per wire form; every family of clients reaches all of them."""
    config, relay = parts.config, parts.relay
    drivers: dict[Dialect, SpeechDriver] = {
        Dialect.OPENAI_SPEECH: OpenAISpeechDriver(relay.client, relay.engines, parts.deadlines),
        Dialect.FISH_SPEECH: FishSpeechDriver(relay.client, parts.deadlines),
        Dialect.ELEVENLABS_SPEECH: ElevenLabsSpeechDriver(relay.client, parts.deadlines),
    }
    speeches = Speeches(parts.calls, drivers, relay.engines, screen=parts.screen)
    sounds = Sounds(parts.library, parts.signing_key, keep_days=config.media.keep_days)
    models = FishModels(parts.calls, FishVoices(relay.client, parts.deadlines))
    url, strict = config.server.public_url, config.strict_fields
    return [
        *Speech(relay.gate, speeches, config.limits, strict=strict).routes(),
        *TextToSpeech(relay.gate, speeches, sounds, config.limits, public_url=url, strict=strict).routes(),
        *Fish(relay.gate, speeches, sounds, models, config.limits, public_url=url, strict=strict).routes(),
        *sound_links.routes(parts.library, sounds),
    ]
