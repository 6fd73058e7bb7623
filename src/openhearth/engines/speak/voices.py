"""The embedded voices: what they are called, whose they sound like, and which one an OpenAI name means.

Imported by the platform as well, for the list of voices: data only.
"""

import msgspec

HIBARI, KOKORO = "hibari-tts", "kokoro-tts"
READABLE = ("en", "zh", "es")

# The order is that of the pack's ``voices.bin``.
_KOKORO_NAMES_TEXT = """
af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky am_adam
am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa bf_alice bf_emma bf_isabella bf_lily
bm_daniel bm_fable bm_george bm_lewis ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi if_sara
im_nicola jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa zf_xiaobei zf_xiaoni
zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang
"""
KOKORO_NAMES = tuple(_KOKORO_NAMES_TEXT.split())
_LANGUAGES = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
_GENDERS = {"f": "female", "m": "male"}
_PREVIEWS = {
    "en": "Hello, I am one of the voices of this server. The meeting starts at half past nine.",
    "zh": "你好，我是这台服务器上的一个声音。会议九点半开始。",
    "es": "Hola, soy una de las voces de este servidor. La reunión empieza a las nueve y media.",
}

# OpenAI's names, with the English voice of the same name or kind, and a Chinese and a Spanish one of the same gender.
# zf_xiaoni stands in for nobody: Whisper understands half of what it says, and all of what the other Chinese ones say.
_STAND_INS = {
    "alloy": ("af_alloy", "zf_xiaoxiao", "ef_dora"),
    "ash": ("am_michael", "zm_yunxi", "em_alex"),
    "ballad": ("bm_george", "zm_yunyang", "em_alex"),
    "coral": ("af_bella", "zf_xiaoyi", "ef_dora"),
    "echo": ("am_echo", "zm_yunjian", "em_alex"),
    "fable": ("bm_fable", "zm_yunxia", "em_santa"),
    "nova": ("af_nova", "zf_xiaobei", "ef_dora"),
    "onyx": ("am_onyx", "zm_yunyang", "em_alex"),
    "sage": ("af_sarah", "zf_xiaobei", "ef_dora"),
    "shimmer": ("af_sky", "zf_xiaoyi", "ef_dora"),
    "verse": ("am_puck", "zm_yunxi", "em_alex"),
    "marin": ("af_heart", "zf_xiaoxiao", "ef_dora"),
    "cedar": ("am_fenrir", "zm_yunjian", "em_alex"),
}
OPENAI_NAMES = tuple(_STAND_INS)


class Voice(msgspec.Struct, frozen=True):
    """One voice. ``language`` is a BCP 47 tag; ``gender`` is ``female`` or ``male``."""

    id: str
    name: str
    language: str
    gender: str
    model: str

    @property
    def reads(self) -> str:
        """The language it takes Latin letters for, as two letters."""
        return self.language[:2]

    @property
    def preview(self) -> str:
        """A sentence to hear it with, in a language that it can be given."""
        return _PREVIEWS.get(self.reads, _PREVIEWS["en"])


def voices(model: str) -> tuple[Voice, ...]:
    """The voices of ``hibari-tts`` or ``kokoro-tts``; none for another model."""
    if model == HIBARI:
        return (Voice("heart", "Heart", "en-US", "female", HIBARI),)
    return tuple(_kokoro(name) for name in KOKORO_NAMES) if model == KOKORO else ()


def chosen(model: str, asked: str, language: str) -> Voice | None:
    """The voice of ``model`` that ``asked`` means for text in ``language``; ``None`` when there is none.

    Without a name it is the model's best for the language. hibari has one voice: every name of OpenAI's means it.
    """
    known = {voice.id: voice for voice in voices(model)}
    name = asked.strip().lower()
    if model == HIBARI:
        return known["heart"] if name in ("", "heart", "af_heart", *_STAND_INS) else None
    stand_ins = _STAND_INS.get(name or "marin")
    if stand_ins is not None:
        english, chinese, spanish = stand_ins
        name = {"zh": chinese, "es": spanish}.get(language, english)
    return known.get(name) or next((voice for voice in known.values() if voice.id.partition("_")[2] == name), None)


def _kokoro(name: str) -> Voice:
    language, gender = _LANGUAGES[name[0]], _GENDERS[name[1]]
    return Voice(name, name.partition("_")[2].capitalize(), language, gender, KOKORO)
