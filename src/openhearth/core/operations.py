"""The table of what can be asked; a row here is what makes an operation exist."""

from enum import StrEnum


class Operation(StrEnum):
    """What a call asks for. Surfaces name one, targets list those they answer."""

    CHAT = "chat"
    COMPLETE = "complete"
    IMAGE_GENERATE = "image_generate"
    IMAGE_EDIT = "image_edit"
    IMAGE_VARY = "image_vary"
    IMAGE_TOOL = "image_tool"
    EMBED = "embed"
    RERANK = "rerank"
    MODERATE = "moderate"
    SPEECH = "speech"
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"
    READ_DOCUMENT = "read_document"
