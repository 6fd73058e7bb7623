"""Colours as numbers one can reason with: mixing and shading in OKLab, and how well one reads on another.

OKLab: Björn Ottosson, "A perceptual color space for image processing" (2020). Contrast: WCAG 2.2, section 1.4.3.
"""

import math

Rgb = tuple[int, int, int]
Lch = tuple[float, float, float]  # lightness 0 … 1, chroma 0 … about 0.3, hue in radians


def rgb_of(text: str) -> Rgb:
    """``#rrggbb`` as three bytes."""
    value = int(text.removeprefix("#"), 16)
    return value >> 16 & 255, value >> 8 & 255, value & 255


def hex_of(rgb: Rgb) -> str:
    """Three bytes as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def to_lch(rgb: Rgb) -> Lch:
    """A colour as lightness, chroma and hue."""
    red, green, blue = (_linear(band) for band in rgb)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def from_lch(lch: Lch) -> Rgb:
    """The colour with that lightness, chroma and hue; its chroma is lowered until a screen can show it."""
    lightness, chroma, hue = min(1.0, max(0.0, lch[0])), max(0.0, lch[1]), lch[2]
    for _ in range(24):
        bands = _bands(lightness, chroma, hue)
        if all(-0.0005 <= band <= 1.0005 for band in bands):
            break
        chroma *= 0.9
    red, green, blue = (_byte(band) for band in bands)
    return red, green, blue


def shaded(rgb: Rgb, lightness: float, chroma: float = 1.0) -> Rgb:
    """The same hue at another lightness, its chroma multiplied."""
    _, old, hue = to_lch(rgb)
    return from_lch((lightness, old * chroma, hue))


def turned(rgb: Rgb, degrees: float) -> Rgb:
    """The colour at another place of the colour circle."""
    lightness, chroma, hue = to_lch(rgb)
    return from_lch((lightness, chroma, hue + math.radians(degrees)))


def mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Between two colours; ``share`` 1 is the second."""
    one, other = _lab(first), _lab(second)
    lightness, a, b = (x + (y - x) * share for x, y in zip(one, other, strict=True))
    return from_lch((lightness, math.hypot(a, b), math.atan2(b, a)))


def luminance(rgb: Rgb) -> float:
    """Relative luminance, 0 … 1."""
    red, green, blue = (_linear(band) for band in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Rgb, second: Rgb) -> float:
    """Contrast ratio, 1 … 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _lab(rgb: Rgb) -> tuple[float, float, float]:
    lightness, chroma, hue = to_lch(rgb)
    return lightness, chroma * math.cos(hue), chroma * math.sin(hue)


def _bands(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _linear(band: int) -> float:
    share = band / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _byte(linear: float) -> int:
    linear = min(1.0, max(0.0, linear))
    share = linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return min(255, max(0, round(share * 255)))
