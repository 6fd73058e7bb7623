"""Why a body is not JSON, where the decoder's own words would send a reader looking in the wrong place."""

import re

# Half of a pair (RFC 8259, section 8.2) whose other half does not follow, or did not come before. All alternatives
# begin with the backslash, so that text without one is skipped at the speed of memory.
_HIGH, _LOW = rb"u[dD][89abAB][0-9a-fA-F]{2}", rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPES = re.compile(rb"\\(?:(?P<pair>%b\\%b)|(?P<half>%b|%b)|.)" % (_HIGH, _LOW, _HIGH, _LOW), re.DOTALL)


def json_reason(body: bytes, error: Exception) -> str:
    """The decoder's message, or which escape stands alone: the decoder calls such a text truncated."""
    for escape in _ESCAPES.finditer(body):
        if escape["half"]:
            said = f"the escape {escape[0].decode()} (byte {escape.start()}) is half of a character"
            return f"{said}. Send both halves, or the character itself in UTF-8"
    return str(error)
