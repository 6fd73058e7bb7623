"""Understanding an instruction: English and Chinese, by rules and a vocabulary, so that nothing is guessed.

Every word that carries meaning ends up in an operation or in a refusal that quotes it; there is no half-done edit.
"""

from openhearth.engines.edit_image.words.parse import parse
from openhearth.engines.edit_image.words.reply import known

__all__ = ["known", "parse"]
