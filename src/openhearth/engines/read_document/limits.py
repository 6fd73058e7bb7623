"""How much one document may be, once unpacked: what no honest file reaches and every bomb exceeds."""

import msgspec

MOST_MEMBERS = 10_000
MOST_XML_BYTES = 64 * 1024 * 1024
MOST_UNPACKED_BYTES = 512 * 1024 * 1024
MOST_XML_DEPTH = 256
MOST_SIDE = 30_000  # OpenCV's warping counts pixels of a side in 16 bits
MOST_TEXT_CHARS = 20_000_000
MOST_CELLS = 500_000


class Limits(msgspec.Struct, frozen=True):
    """``pages`` per call, ``pixels`` per picture or drawn page, ``pictures`` in an answer."""

    pages: int = 200
    pixels: int = 40_000_000
    pictures: int = 200
