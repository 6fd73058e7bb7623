"""Why a document cannot be read, each with one code wherever it is noticed."""

from openhearth.core.errors import RequestError, TooLarge, UnsupportedMedia

FORMATS = "PDF, PNG, JPEG, WebP, GIF, BMP, TIFF, DOCX, PPTX, XLSX, EPUB, HTML, CSV, Markdown or plain text"


def damaged(what: str = "document") -> RequestError:
    return RequestError(
        f"The {what} is damaged or cut off and cannot be read. 文件已损坏或不完整，无法读取。",
        code="document_damaged",
        param="file",
    )


def unsupported(why: str) -> UnsupportedMedia:
    """``why`` says what came: ``This is a film.``"""
    return UnsupportedMedia(f"{why} Give {FORMATS}. 不支持这种文件格式。", code="document_unsupported", param="file")


def encrypted() -> RequestError:
    return RequestError(
        "The document is encrypted: give its password. 文件已加密，请提供密码。",
        code="document_encrypted",
        param="password",
    )


def wrong_password() -> RequestError:
    return RequestError(
        "The password does not open the document. 密码不正确。", code="document_password_wrong", param="password"
    )


def refused(why: str) -> RequestError:
    return RequestError(
        f"{why} No honest file does that, so it is not read. 文件含有不安全的内容，已拒绝。",
        code="document_refused",
        param="file",
    )


def too_large(why: str) -> TooLarge:
    return TooLarge(f"{why} 文件过大。", code="document_too_large", param="file")
