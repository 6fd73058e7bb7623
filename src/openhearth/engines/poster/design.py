"""From a prompt to a scene: which palette, art and layout, chosen by its words first and by the seed among the rest."""

from random import Random

import msgspec

from openhearth.engines.poster import palettes, words
from openhearth.engines.poster.art import STYLES, icons, scenery
from openhearth.engines.poster.art.icons import ICONS
from openhearth.engines.poster.art.scenery import GROUND, KNOWN
from openhearth.engines.poster.layouts import CLEAR, LAYOUTS, WINDOWED, suits_vertical
from openhearth.engines.poster.palettes import ANY, PALETTES, Palette
from openhearth.engines.poster.scene import Box, Grain, Item, Scene
from openhearth.engines.poster.text import Sheet
from openhearth.engines.poster.typeset import Setter
from openhearth.engines.poster.words import Brief

_SERIF = ("ink", "gold", "porcelain", "jade", "coffee", "spring", "lavender", "festival")
_SCENIC = ("editorial", "medallion", "split", "gallery", "arch", "bigtype")
_FULL = (*_SCENIC, "band", "grid", "centred")


class Design(msgspec.Struct, frozen=True):
    """A finished scene and what it is, in words. ``unset`` are letters the fonts have no sign for."""

    scene: Scene
    title: str
    body: str
    palette: str
    art: str
    layout: str
    seed: int
    is_cut: bool
    unset: tuple[str, ...]


class Wish(msgspec.Struct, frozen=True):
    """What is asked of one picture. ``style`` is ``vivid``, ``natural`` or empty."""

    prompt: str
    width: int
    height: int
    seed: int
    negative: str = ""
    is_clear: bool = False
    style: str = ""
    grain: float = 3.0


def design(wish: Wish, setter: Setter) -> Design:
    """The scene for a wish: the same wish gives the same scene."""
    brief, unset = _settable(words.read(wish.prompt, negative=wish.negative), setter)
    chooser = Random(f"{wish.prompt}")
    dice = Random(f"{wish.seed}:{wish.prompt}")
    art, motifs = _art(brief, chooser, wish.seed)
    layout = _layout(brief, art, chooser, wish)
    palette = _toned(_palette(brief, art, chooser, dice, wish.seed), wish.style)

    def draw(box: Box, colours: Palette) -> list[Item]:
        if art == "scenery":
            return scenery(box, colours, dice, motifs, brief.avoided)
        if art == "icon":
            return icons.draw(motifs[0], box, colours, dice)
        return STYLES[art](box, colours, dice)

    box = Box(0, 0, wish.width, wish.height)
    sheet = Sheet(box, brief, palette, dice, setter, _face(brief, palette, dice), draw, is_clear=wish.is_clear)
    items = LAYOUTS[layout](sheet)
    if wish.grain:
        items.append(Grain(wish.grain, wish.seed & 0xFFFFFFFF))
    scene = Scene(wish.width, wish.height, tuple(items))
    shown = f"{art} ({', '.join(motifs)})" if motifs else art
    return Design(
        scene, brief.title, brief.body, palette.name, shown, layout, wish.seed, is_cut=sheet.is_cut, unset=unset
    )


def _settable(brief: Brief, setter: Setter) -> tuple[Brief, tuple[str, ...]]:
    title, missing = setter.drawable(brief.title)
    body, more = setter.drawable(brief.body)
    return msgspec.structs.replace(brief, title=title, body=body), tuple(dict.fromkeys((*missing, *more)))


def _art(brief: Brief, chooser: Random, seed: int) -> tuple[str, tuple[str, ...]]:
    """What is drawn: things the prompt names, else a style it names, else one by the seed."""
    things = tuple(motif for motif in brief.motifs if motif in ICONS)
    places = tuple(motif for motif in brief.motifs if motif in KNOWN)
    if brief.styles and not things and ("ink" in brief.styles or not set(places) & GROUND):
        return brief.styles[seed % len(brief.styles)], ()
    if things and not (set(places) & GROUND and seed % 2):
        return "icon", (things[(seed // 2) % len(things)],)
    if places:
        return "scenery", places
    names = [name for name in STYLES if name != "ink" or brief.is_chinese]
    chooser.shuffle(names)
    return names[seed % len(names)], ()


def _layout(brief: Brief, art: str, chooser: Random, wish: Wish) -> str:
    able = list(CLEAR if wish.is_clear else {"icon": WINDOWED, "scenery": _SCENIC}.get(art, _FULL))
    if brief.layouts and not wish.is_clear:
        asked = [name for name in brief.layouts if name != "vertical" or suits_vertical(brief.title)]
        if asked:
            return asked[wish.seed % len(asked)]
    if not wish.is_clear and art != "icon" and suits_vertical(brief.title) and wish.height > wish.width * 0.8:
        able.append("vertical")
        if art == "ink":
            return "vertical"
    chooser.shuffle(able)
    return able[wish.seed % len(able)]


def _palette(brief: Brief, art: str, chooser: Random, dice: Random, seed: int) -> Palette:
    if brief.colours:
        return palettes.from_colours(brief.colours, dice, is_dark=brief.is_dark)
    names = list(brief.palettes) or (["ink", "porcelain", "jade"] if art == "ink" else list(ANY))
    if brief.is_dark is not None:
        fitting = [name for name in (*names, *PALETTES) if PALETTES[name].is_dark == brief.is_dark]
        names = [name for name in names if name in fitting] or fitting
    if not brief.palettes:
        chooser.shuffle(names)
    return PALETTES[names[seed % len(names)]]


def _toned(palette: Palette, style: str) -> Palette:
    """``vivid`` makes the accents stronger, ``natural`` calmer."""
    if style not in ("vivid", "natural"):
        return palette
    change = 1.25 if style == "vivid" else 0.68
    return msgspec.structs.replace(palette, accents=tuple(palettes.stronger(one, change) for one in palette.accents))


def _face(brief: Brief, palette: Palette, dice: Random) -> str:
    likely = 0.85 if palette.name in _SERIF else 0.25
    return "serif" if dice.random() < likely else "sans"
