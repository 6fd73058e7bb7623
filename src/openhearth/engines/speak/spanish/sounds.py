"""How a Spanish word sounds, by rule: the spelling says nearly everything (Ortografía de la lengua española, RAE 2010).

Castilian, as the voices were trained: ``c`` and ``z`` before ``e`` and ``i`` are θ, ``ll`` is ʎ.
"""

import msgspec

_ACCENTS = str.maketrans("áéíóúàèìòù", "aeiouaeiou")
_STRONG = frozenset("aeo")
_FRONT = frozenset("eiéíy")
_SIMPLE = {"f": "f", "k": "k", "l": "l", "m": "m", "n": "n", "p": "p", "s": "s", "t": "t", "ñ": "ɲ", "j": "x",
           "z": "θ", "b": "b", "v": "b", "d": "d", "ç": "s"}  # fmt: skip
_OFFGLIDES = {"ai": "I", "au": "W", "ei": "A", "eu": "eʊ", "oi": "oɪ", "ou": "ow"}
_ONGLIDES = {"i": "j", "u": "w"}
_SOFT = {"b": "β", "d": "ð", "ɡ": "ɣ"}
_LETTERS = {
    "a": "a", "b": "be", "c": "ce", "d": "de", "e": "e", "f": "efe", "g": "ge", "h": "hache", "i": "i", "j": "jota",
    "k": "ca", "l": "ele", "m": "eme", "n": "ene", "ñ": "eñe", "o": "o", "p": "pe", "q": "cu", "r": "erre",
    "s": "ese", "t": "te", "u": "u", "v": "uve", "w": "uve doble", "x": "equis", "y": "i griega", "z": "zeta",
}  # fmt: skip


class Sound(msgspec.Struct):
    """A consonant, or a nucleus: a vowel with its glides. ``accent``: it carries a written accent."""

    phonemes: str
    is_nucleus: bool = False
    accent: bool = False
    stressed_at: int = 0


def letters(word: str) -> list[str]:
    """The names of the letters of an abbreviation, as words."""
    return " ".join(_LETTERS.get(letter, "") for letter in word.lower().translate(_ACCENTS)).split()


def sounds(word: str) -> list[Sound]:
    """The sounds of a lower-case word in order, still without what its neighbours change."""
    found: list[Sound] = []
    at = 0
    while at < len(word):
        run = _vowels(word, at)
        if run:
            found += _nuclei(word[at : at + run])
            at += run
        else:
            phonemes, taken = _consonant(word, at)
            if phonemes:
                found.append(Sound(phonemes))
            at += taken
    return found


def stressed(found: list[Sound], word: str) -> int:
    """Which nucleus is stressed: the one with the accent, else the last but one after a vowel, ``n`` or ``s``."""
    nuclei = [sound for sound in found if sound.is_nucleus]
    accented = [at for at, sound in enumerate(nuclei) if sound.accent]
    if accented:
        return accented[0]
    is_plain = word[-1:] in "aeiouns" and not word.endswith(("ay", "ey", "oy", "uy"))
    return max(0, len(nuclei) - 2) if is_plain else len(nuclei) - 1


def soften(sound: str, before: str) -> str:
    """``b``, ``d`` and ``g`` are stops after a pause or a nasal, and ``d`` after ``l``; fricatives elsewhere."""
    if sound not in _SOFT or not before or before in "mnŋ" or (sound == "d" and before == "l"):
        return sound
    return _SOFT[sound]


def _vowels(word: str, at: int) -> int:
    """How many letters from ``at`` are vowels; a silent ``h`` between them parts them, a final ``y`` is one."""
    end = at
    while end < len(word) and (word[end] in "aeiouáéíóúüàèìòù" or (word[end] == "y" and end == len(word) - 1 and end)):
        end += 1
    if end == at and word == "y":
        return 1
    return end - at


def _nuclei(run: str) -> list[Sound]:
    """``iai`` as one nucleus, ``ía`` as two, ``ae`` as two."""
    found: list[Sound] = []
    plain = run.replace("ü", "u").replace("y", "i")
    letters_ = plain.translate(_ACCENTS)
    at = 0
    while at < len(run):
        weak = [letter not in _STRONG and plain[place] == letter for place, letter in enumerate(letters_)]
        onglide = ""
        if weak[at] and at + 1 < len(run):
            onglide = _ONGLIDES[letters_[at]]
            at += 1
        vowel, accent = letters_[at], plain[at] != letters_[at]
        glided = at + 1 < len(run) and weak[at + 1] and letters_[at + 1] != vowel
        # A weak vowel before a further vowel opens the next syllable, except at the end of a triphthong.
        glided = glided and (at + 2 >= len(run)) and vowel in _STRONG
        core = _OFFGLIDES[vowel + letters_[at + 1]] if glided else vowel
        found.append(Sound(onglide + core, is_nucleus=True, accent=accent, stressed_at=len(onglide)))
        at += 2 if glided else 1
    return found


def _consonant(word: str, at: int) -> tuple[str, int]:
    """Phonemes of the consonant at ``at`` and how many letters it takes."""
    letter, following, after = word[at], word[at + 1 : at + 2], word[at + 2 : at + 3]
    if letter in ("c", "g", "q"):
        return _soft_or_hard(letter, following, after)
    if letter == "l" and following == "l":
        return "ʎ", 2
    if letter == "r":
        return _r(word, at)
    if letter == "h":
        return ("w", 2) if following == "u" and after in "eaéá" and after else ("", 1)
    if letter == "s" and following == "h":
        return "ʃ", 2
    if letter == "z" and following == "z":
        return "ʦ", 2
    if letter == "x":
        return ("s" if at == 0 else "ks"), 1
    if letter == "y":
        return "ʝ", 1
    if letter == "w":
        return "w", 1
    return _SIMPLE.get(letter, ""), 1


def _soft_or_hard(letter: str, following: str, after: str) -> tuple[str, int]:
    if letter == "c":
        if following == "h":
            return "ʧ", 2
        return ("θ" if following in _FRONT and following else "k"), 1
    if letter == "q":
        return "k", 2 if following == "u" else 1
    if following == "u" and after in _FRONT and after:
        return "ɡ", 2
    return ("x" if following in _FRONT and following else "ɡ"), 1


def _r(word: str, at: int) -> tuple[str, int]:
    if word[at + 1 : at + 2] == "r":
        return "r", 2
    return ("r" if at == 0 or word[at - 1] in "nls" else "ɾ"), 1
