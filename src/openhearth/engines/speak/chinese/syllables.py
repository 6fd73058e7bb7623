"""Pinyin syllables as phonemes of Kokoro's alphabet, with its four tone arrows.

The correspondence of initials and finals to sounds is that of Standard Chinese phonology
(https://en.wikipedia.org/wiki/Standard_Chinese_phonology); which letters stand for the affricates and tones is the
model's vocabulary.
"""

from pypinyin.contrib.tone_convert import to_finals, to_initials

_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘"}
_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
_FINALS = {
    "a": ("a", ""), "ai": ("ai", ""), "an": ("a", "n"), "ang": ("a", "ŋ"), "ao": ("au", ""), "e": ("ɤ", ""),
    "ê": ("ɛ", ""), "ei": ("ei", ""), "en": ("ə", "n"), "eng": ("ə", "ŋ"), "er": ("ɚ", ""), "i": ("i", ""),
    "ia": ("ja", ""), "ian": ("jɛ", "n"), "iang": ("ja", "ŋ"), "iao": ("jau", ""), "ie": ("je", ""), "in": ("i", "n"),
    "ing": ("i", "ŋ"), "io": ("jɔ", ""), "iong": ("jʊ", "ŋ"), "iou": ("jou", ""), "o": ("wo", ""), "ong": ("ʊ", "ŋ"),
    "ou": ("ou", ""), "u": ("u", ""), "ua": ("wa", ""), "uai": ("wai", ""), "uan": ("wa", "n"), "uang": ("wa", "ŋ"),
    "uei": ("wei", ""), "uen": ("wə", "n"), "ueng": ("wə", "ŋ"), "uo": ("wo", ""), "v": ("y", ""), "van": ("ɥɛ", "n"),
    "ve": ("ɥe", ""), "vn": ("y", "n"), "ü": ("y", ""), "üan": ("ɥɛ", "n"), "üe": ("ɥe", ""), "ün": ("y", "n"),
    "m": ("m", ""), "n": ("n", ""), "ng": ("ŋ", ""),
}  # fmt: skip
_BUZZING = frozenset({"zh", "ch", "sh", "r", "z", "c", "s"})


def phonemes(syllable: str) -> str:
    """``zhong1`` as ``ꭧʊ→ŋ``; a syllable without a number has the neutral tone. Empty for what is no syllable."""
    tone = _TONES.get(syllable[-1:], "")
    plain = syllable.rstrip("12345")
    initial = to_initials(plain, strict=True)
    final = to_finals(plain, strict=True) or plain.removeprefix(initial)
    if initial in _BUZZING and final in ("i", "-i"):
        return f"{_INITIALS[initial]}ɨ{tone}"
    sound = _FINALS.get(final)
    if sound is None or initial not in _INITIALS:
        return ""
    vowel, coda = sound
    return f"{_INITIALS[initial]}{vowel}{tone}{coda}"
