"""Colour schemes, drawn by eye for this platform, and schemes made from the colours a prompt names."""

from random import Random

import msgspec

from openhearth.engines.poster.colour import Rgb, contrast, from_lch, rgb_of, shaded, to_lch, turned


class Palette(msgspec.Struct, frozen=True):
    """``ground`` is behind everything, ``ink`` reads on it, ``accents`` (four) paint the art."""

    name: str
    ground: Rgb
    ink: Rgb
    accents: tuple[Rgb, ...]

    @property
    def is_dark(self) -> bool:
        return to_lch(self.ground)[0] < 0.55


def _palette(name: str, ground: str, ink: str, *accents: str) -> Palette:
    return Palette(name, rgb_of(ground), rgb_of(ink), tuple(rgb_of(accent) for accent in accents))


PALETTES: dict[str, Palette] = {
    palette.name: palette
    for palette in (
        _palette("dusk", "#221a3a", "#fff1dc", "#5b2a6e", "#c23a72", "#ff7a59", "#ffc98b"),
        _palette("dawn", "#fdeee2", "#3b2340", "#f6b7a0", "#ee8272", "#8f6aa8", "#f9d77e"),
        _palette("ocean", "#0b2740", "#eaf6f4", "#12507a", "#1f86a3", "#5fc3bf", "#f3e2b3"),
        _palette("lagoon", "#e6f4f1", "#103a45", "#7fcdc4", "#2a9aa5", "#17627c", "#f6b26b"),
        _palette("forest", "#12291f", "#f2efdf", "#1e4a33", "#3d7a4e", "#8fb46a", "#e4c86b"),
        _palette("meadow", "#f4f1e1", "#24402e", "#b6cf9a", "#6fa36c", "#e7b04b", "#d9684c"),
        _palette("desert", "#f5e2c8", "#4a2418", "#e6a667", "#cf6f3f", "#96412f", "#5f8a8b"),
        _palette("autumn", "#2f1b14", "#fbeed8", "#7a2e1d", "#b9502a", "#e08a3c", "#e9c46a"),
        _palette("spring", "#fff5f3", "#4b2a45", "#f8c6cf", "#ee8fa5", "#9bbf7f", "#f3d77c"),
        _palette("winter", "#eaf1f8", "#1e3148", "#c3d8ea", "#8db4d6", "#4f7fae", "#f2b5a7"),
        _palette("night", "#0d1226", "#f3f1ff", "#1f2a5a", "#3d4f9e", "#8d8be0", "#f6e3a1"),
        _palette("neon", "#120a24", "#f7f4ff", "#5a1fd1", "#e0218a", "#12c2e9", "#f9f871"),
        _palette("candy", "#fff0f6", "#48224f", "#ffb3d1", "#ff7aa8", "#8fd3e8", "#ffd66b"),
        _palette("bauhaus", "#f3ead7", "#1c1b1a", "#1d4e9e", "#d8352a", "#f2b619", "#2b2a28"),
        _palette("swiss", "#f7f6f2", "#141414", "#e3271b", "#141414", "#8b8b86", "#d9d7cf"),
        _palette("mono", "#f2f1ee", "#1b1b1b", "#d5d3cd", "#9d9b95", "#5a5955", "#242424"),
        _palette("gold", "#17130d", "#f8ecd0", "#3b2f1b", "#8a6a2c", "#cfa550", "#f0d894"),
        _palette("festival", "#b3161b", "#ffefc2", "#7d0d14", "#d93a2b", "#f0a73a", "#ffd97a"),
        _palette("porcelain", "#f5f4ee", "#173a7a", "#c9d6ea", "#7d9fd0", "#3768b0", "#1f4690"),
        _palette("ink", "#f4efe4", "#26241f", "#d8d2c4", "#a39d90", "#5f5b52", "#b23a2b"),
        _palette("jade", "#0f332f", "#f1efe0", "#1b5a50", "#3d9080", "#93c7ad", "#e6cf9a"),
        _palette("coffee", "#f1e6d8", "#3a241a", "#d9bd9c", "#a9764e", "#6c4330", "#c9572f"),
        _palette("lavender", "#efeaf8", "#33264f", "#cdbfeb", "#a48ad4", "#7059a8", "#f0b8c8"),
        _palette("citrus", "#fff6d9", "#3c3111", "#ffdf6b", "#ffae34", "#f0743e", "#7fb069"),
        _palette("sky", "#dff0fb", "#163a5c", "#a9d5f2", "#64b0e2", "#2d7fc0", "#ffd27a"),
        _palette("ember", "#1d0f10", "#fff0e0", "#5c1413", "#a8231c", "#ec5a24", "#ffb347"),
        _palette("space", "#0a0b1a", "#eef0ff", "#231a4d", "#4a2a86", "#2f74c9", "#f4d6ff"),
        _palette("steel", "#e8ecef", "#1f2a33", "#b7c4cd", "#7d919e", "#455a68", "#e98a3c"),
    )
}

ANY = (
    "dusk", "dawn", "ocean", "lagoon", "forest", "desert", "night", "bauhaus", "swiss", "jade", "coffee", "lavender",
    "citrus", "sky", "ember", "porcelain", "steel", "autumn",
)  # fmt: skip


def from_colours(named: tuple[Rgb, ...], dice: Random, *, is_dark: bool | None = None) -> Palette:
    """A scheme of the named colours; one colour alone is given shades of itself and one neighbour on the circle."""
    main = named[0]
    lightness, chroma, _ = to_lch(main)
    dark = is_dark if is_dark is not None else lightness < 0.5 or (0.5 <= lightness < 0.72 and dice.random() < 0.5)
    if lightness < 0.12:
        dark = is_dark is not False
    if lightness > 0.94:
        dark = is_dark is True
    ground = shaded(main, 0.24 if dark else 0.955, 0.55 if dark else 0.16)
    ink = from_lch((0.965 if dark else 0.24, min(0.045, chroma * 0.3), to_lch(main)[2]))
    return Palette("named", ground, readable(ink, ground), _accents(named, dice, is_dark=dark))


def readable(ink: Rgb, ground: Rgb, least: float = 4.6) -> Rgb:
    """``ink``, made lighter or darker until it reads on ``ground``."""
    if contrast(ink, ground) >= least:
        return ink
    light = contrast((255, 255, 255), ground) >= contrast((0, 0, 0), ground)
    lightness = to_lch(ink)[0]
    for step in range(1, 21):
        goal = lightness + ((1.0 if light else 0.0) - lightness) * step / 20
        ink = shaded(ink, goal)
        if contrast(ink, ground) >= least:
            break
    return ink


def _accents(named: tuple[Rgb, ...], dice: Random, *, is_dark: bool) -> tuple[Rgb, ...]:
    if len(named) >= 3:
        return (*named[:4], *((shaded(named[0], 0.8 if is_dark else 0.45),) if len(named) == 3 else ()))
    if len(named) == 2:
        first, second = named
        return first, second, shaded(first, 0.5 if to_lch(first)[0] > 0.6 else 0.78), shaded(second, 0.84, 0.6)
    main = named[0]
    if to_lch(main)[1] < 0.03:
        greys = tuple(from_lch((lightness, 0.004, 1.4)) for lightness in ((0.38, 0.55, 0.72, 0.88)))
        return greys if is_dark else greys[::-1]
    neighbour = turned(main, dice.choice((-32, 28, 150, 180)))
    return (
        shaded(main, 0.4 if is_dark else 0.86, 0.9 if is_dark else 0.5),
        shaded(main, 0.62),
        main,
        shaded(neighbour, 0.82, 0.8),
    )


def stronger(colour: Rgb, change: float) -> Rgb:
    """The colour with its chroma multiplied."""
    lightness, chroma, hue = to_lch(colour)
    return from_lch((lightness, chroma * change, hue))
