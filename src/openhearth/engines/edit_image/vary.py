"""A variation of a picture by rules: small changes of crop, side and tone, drawn from a seed. No model looks at it."""

from random import Random

from openhearth.engines.edit_image.plan import Adjust, Flip, Op, Zoom

_TONES = (("warmth", 0.3), ("saturation", 0.3), ("contrast", 0.22), ("brightness", 0.14))
_LEAST = 0.35  # of a tone's largest change


def variation(seed: int) -> tuple[Op, ...]:
    """The steps of the variation with that seed: always a nearer look, mostly two or three tones, often mirrored."""
    dice = Random(seed)
    across, down = dice.uniform(0.03, 0.16), dice.uniform(0.03, 0.16)
    side, level = dice.random(), dice.random()
    steps: list[Op] = [
        Zoom(
            left=round(across * side, 4),
            right=round(across * (1 - side), 4),
            top=round(down * level, 4),
            bottom=round(down * (1 - level), 4),
        )
    ]
    if dice.random() < 0.5:
        steps.append(Flip("horizontal"))
    for kind, most in dice.sample(_TONES, dice.choice((2, 2, 3))):
        amount = most * dice.uniform(_LEAST, 1.0) * dice.choice((-1, 1))
        steps.append(Adjust(kind, round(amount, 3)))
    return tuple(steps)
