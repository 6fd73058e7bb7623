"""The way from an instruction to a plan, in order: spelling, words, wishes, plan."""

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import Background, Plan
from openhearth.engines.edit_image.words.kinds import Kind
from openhearth.engines.edit_image.words.people import joined
from openhearth.engines.edit_image.words.reading import Reader
from openhearth.engines.edit_image.words.reply import not_understood, nothing_said
from openhearth.engines.edit_image.words.resolve import Resolver
from openhearth.engines.edit_image.words.script import is_chinese, normalised
from openhearth.engines.edit_image.words.tokens import words

MOST_CHARACTERS = 4_000
_MOST_WORDS = 300  # that count; no honest instruction has more
_MOST_STEPS = 40


def parse(instruction: str, *, pictures: int = 1) -> Plan:
    """The plan an instruction asks for; ``pictures`` is how many came with it.

    Raises NotUnderstood, with the words that have no meaning here, or RequestError (``instruction_too_long``,
    ``missing_picture``).
    """
    if len(instruction) > MOST_CHARACTERS:
        raise _too_long(f"The instruction has {len(instruction):,} characters; at most {MOST_CHARACTERS:,} are read.")
    script = normalised(instruction)
    found = joined(words(script))
    if sum(word.kind is not Kind.FILLER for word in found) > _MOST_WORDS:
        raise _too_long(f"The instruction has too many words; at most {_MOST_WORDS} are read at once.")
    resolver = Resolver()
    resolver.walk(Reader(found).read())
    if resolver.unplaced:
        raise not_understood(script, found, resolver.unplaced)
    if not resolver.steps:
        raise nothing_said(script)
    if len(resolver.steps) > _MOST_STEPS:
        raise _too_long(
            f"The instruction asks for {len(resolver.steps)} changes; at most {_MOST_STEPS} are made at once."
        )
    plan = Plan(tuple(resolver.steps))
    _check_pictures(plan, pictures, chinese=is_chinese(instruction))
    return plan


def _too_long(message: str) -> RequestError:
    return RequestError(message, code="instruction_too_long", param="prompt")


def _check_pictures(plan: Plan, pictures: int, *, chinese: bool) -> None:
    wanted = [step.picture for step in plan.steps if isinstance(step, Background) and step.action == "replace"]
    if not wanted or max(wanted) <= pictures:
        return
    message = f"Picture {max(wanted)} is asked for as background, but only {pictures} came with the request."
    if chinese:
        message = f"背景要用第{max(wanted)}张图，但请求里只有{pictures}张图。请把那张图一起发来。"
    raise RequestError(message, code="missing_picture", param="image")
