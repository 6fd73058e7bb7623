"""What a word can be. Each kind is one letter, so that a rule of the grammar is a short pattern over letters."""

from enum import StrEnum

import msgspec

from openhearth.engines.edit_image.plan import Colour, Who


class Kind(StrEnum):
    """The part a word plays. Rules match strings of these letters with regular expressions of bounded length."""

    # things
    PART = "P"  # what can be recoloured: name top, trousers, outfit, hair, lips; note "made" for one kind of garment
    ITEM = "X"  # what can be put on: name sunglasses, glasses, hat, mask
    BACKGROUND = "G"
    SKY = "Y"
    FACE = "F"
    TEXT = "T"
    MARK = "M"  # a watermark
    PERSON = "W"  # with who
    SIDE = "d"  # left, right, middle, without a person
    ORDINAL = "1"
    FROM_SIDE = "2"  # "from the left"
    GENDER = "g"
    PICTURE = "p"  # the picture itself; taken as said
    IT = "i"
    OTHER_PICTURE = "N"  # number: which one
    GUARDED = "O"  # cannot be edited, but can be asked to stay
    CANNOT = "?"  # known, and known to be out of reach; name is the reason
    REST = "^"
    # values
    COLOUR = "C"
    SHADE = "<"  # dark, light … before a colour
    STYLE = "R"
    TRANSPARENT = "t"
    ADJECTIVE = "J"  # brighter: name is the adjustment, number its sign
    ADJUSTING = "B"  # brighten
    QUALITY = "K"  # brightness
    MORE = "+"
    LESS = "-"
    DEGREE = "D"
    PERCENT = "%"
    NUMBER = "#"
    DEGREES = "°"
    TIMES = "*"
    FRACTION = "/"
    RATIO = "q"
    SIZE = "s"
    LENGTH = "l"  # width, height
    HEADSHOT = "A"
    CLOCK = "c"  # a turning direction
    UPSIDE = "U"
    AXIS = "y"
    QUOTED = "Q"
    POSITION = "L"
    LETTER_SIZE = "Z"
    OPACITY = "o"
    CLEAR = "E"  # high definition, clearer
    # doing
    SET = "S"
    REMOVE = "r"
    ADD = "a"
    WEAR = "v"
    DRESS = "w"
    BLUR = "b"
    PIXELATE = "x"
    HIDE = "H"
    CUT_OUT = "k"
    CROP = "z"
    TURN = "u"
    FLIP = "f"
    RESIZE = "e"
    ENLARGE = "m"
    SHRINK = "n"
    VECTORISE = "V"
    # saying how it all belongs together
    NOT = "!"
    KEEP = "="
    UNCHANGED = "~"
    ALSO = "&"
    TOO = "$"
    ENOUGH = "@"
    WITH = "h"
    AND = "j"
    COMMA = ","
    THEN = ">"
    STOP = ";"
    FILLER = "_"
    UNKNOWN = "."


SEPARATORS = frozenset({Kind.AND, Kind.COMMA, Kind.THEN, Kind.STOP})


class Meaning(msgspec.Struct, frozen=True):
    """What a word of the vocabulary stands for."""

    kind: Kind
    name: str = ""
    note: str = ""
    number: float = 0.0
    colour: Colour | None = None
    who: Who | None = None
    pair: tuple[int, int] = (0, 0)


class Token(Meaning, frozen=True, kw_only=True):
    """A word found in an instruction. ``text`` is its normalised form, ``start`` and ``end`` its place there."""

    text: str
    start: int
    end: int


def token(meaning: Meaning, text: str, start: int, end: int) -> Token:
    """The meaning at a place."""
    return Token(
        kind=meaning.kind,
        name=meaning.name,
        note=meaning.note,
        number=meaning.number,
        colour=meaning.colour,
        who=meaning.who,
        pair=meaning.pair,
        text=text,
        start=start,
        end=end,
    )
