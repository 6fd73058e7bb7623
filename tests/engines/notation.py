"""A short way to write a plan, so that a table of instructions can be read: ``top=red@left; +hat; bg:remove; x2``."""

from openhearth.engines.edit_image.plan import (
    EVERYONE,
    AddText,
    Adjust,
    Background,
    Crop,
    Flip,
    HideFaces,
    Op,
    Plan,
    Recolour,
    RemoveText,
    Resize,
    Rotate,
    Style,
    Upscale,
    Vectorise,
    Wear,
    Who,
)


def short(plan: Plan) -> str:
    """The plan in one line."""
    return "; ".join(_step(step) for step in plan.steps)


def _step(step: Op) -> str:
    match step:
        case Recolour(part=part, colour=colour, who=who):
            return f"{part}={colour.name}{_who(who)}"
        case Wear(item=item, colour=None, who=who):
            return f"+{item}{_who(who)}"
        case Wear(item=item, colour=colour, who=who):
            return f"+{item}:{colour.name if colour else ''}{_who(who)}"
        case Adjust(kind=kind, amount=amount, region=region):
            return f"{kind}{amount:+g}" + ("" if region == "all" else f"@{region}")
        case HideFaces(kind=kind, who=who):
            return f"faces:{kind}{_who(who)}"
        case Background():
            return _background(step)
        case Upscale(factor=factor):
            return f"x{factor}"
        case _:
            return _frame(step)


def _background(step: Background) -> str:
    if step.action == "colour" and step.colour:
        return f"bg={step.colour.name}"
    if step.action == "replace":
        return f"bg:picture{step.picture}"
    return f"bg:blur{step.amount:g}" if step.action == "blur" else f"bg:{step.action}"


def _frame(step: Op) -> str:
    match step:
        case Style(kind=kind):
            return f"style:{kind}"
        case Crop(ratio=ratio, around=around):
            ratio_text = f"{ratio[0]}:{ratio[1]}" if ratio else ""
            return "crop:" + ",".join(filter(None, (ratio_text, around if around != "centre" else "")))
        case Rotate(degrees=degrees):
            return f"rotate:{degrees:g}"
        case Flip(axis=axis):
            return f"flip:{axis}"
        case Resize(scale=None, width=width, height=height):
            return f"resize:{width or '?'}x{height or '?'}"
        case Resize(scale=scale):
            return f"resize:{scale:g}" if scale else "resize:?"
        case AddText():
            colour = step.colour.name if step.colour else ""
            size = f"{step.size:g}" if step.size != 0.06 else ""
            opacity = f"{step.opacity:g}" if step.opacity != 1 else ""
            return "text:" + "|".join((step.text, step.position, colour, size, opacity)).rstrip("|")
        case RemoveText(only=only, where=where):
            return "untext" + (f":{only}" if only else "") + (f"@{where}" if where else "")
        case Vectorise():
            return "svg"
        case _:
            raise AssertionError(step)


def _who(who: Who) -> str:
    if who == EVERYONE:
        return ""
    return f"@{who.index or who.side}"
