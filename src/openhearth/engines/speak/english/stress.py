"""Moving stress marks of a word's phonemes, as misaki's dictionaries expect it of whoever reads them.

A mark stands right before the vowel it belongs to: ``ˈ`` primary, ``ˌ`` secondary.
"""

PRIMARY, SECONDARY = "ˈ", "ˌ"
VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ")
_LONG = frozenset("AIOQWYʤʧ")


def weaker(phonemes: str) -> str:
    """Primary becomes secondary; a word without primary stays as it is."""
    if PRIMARY not in phonemes:
        return phonemes
    return phonemes.replace(SECONDARY, "").replace(PRIMARY, SECONDARY)


def at_least_secondary(phonemes: str) -> str:
    """A word without any stress gets a secondary one on its first vowel."""
    return phonemes if _has_stress(phonemes) else _mark(phonemes, SECONDARY)


def at_least_primary(phonemes: str) -> str:
    """A word without primary stress gets one: in place of its secondary, or on its first vowel."""
    if PRIMARY in phonemes:
        return phonemes
    return phonemes.replace(SECONDARY, PRIMARY) if SECONDARY in phonemes else _mark(phonemes, PRIMARY)


def without(phonemes: str) -> str:
    """No stress at all."""
    return phonemes.replace(PRIMARY, "").replace(SECONDARY, "")


def last_primary(phonemes: str) -> str:
    """Letters read by name: the last is stressed, those before it less."""
    head, mark, tail = phonemes.replace(PRIMARY, SECONDARY).rpartition(SECONDARY)
    return f"{head}{PRIMARY}{tail}" if mark else phonemes


def weight(phonemes: str) -> int:
    """How long a word is: the lightest of a compound loses its stress first."""
    return sum(2 if sound in _LONG else 1 for sound in phonemes)


def _has_stress(phonemes: str) -> bool:
    return PRIMARY in phonemes or SECONDARY in phonemes


def _mark(phonemes: str, mark: str) -> str:
    at = next((at for at, sound in enumerate(phonemes) if sound in VOWELS), None)
    return phonemes if at is None else phonemes[:at] + mark + phonemes[at:]
