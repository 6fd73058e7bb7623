"""Fish Audio: speech in its own form, with voices of its own and cloned ones."""

from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider
from openhearth.dialects.fish_speech.request import MODELS

PROVIDER = Provider(
    name="fish",
    title="Fish Audio",
    base_url="https://api.fish.audio",
    env_key="FISH_API_KEY",
    speaks={Operation.SPEECH: Dialect.FISH_SPEECH},
    models=MODELS,
)
