"""What the editor says when it does not understand, and what it says it can do."""

from collections.abc import Sequence

from openhearth.engines.edit_image.plan import NotUnderstood
from openhearth.engines.edit_image.words.kinds import Kind, Token
from openhearth.engines.edit_image.words.limits import CHINESE, ENGLISH
from openhearth.engines.edit_image.words.resolve import Unplaced
from openhearth.engines.edit_image.words.script import Script, is_chinese

_KNOWN_ENGLISH = (
    "colours of clothes, top, trousers, hair, lips; sunglasses, glasses, hat, mask; background removed, coloured, "
    "blurred or replaced; black and white, sepia, sketch, cartoon, oil; brightness, contrast, saturation, warmth, "
    "sharpness, noise, blur; faces blurred or pixelated; crop, rotate, flip, resize, enlarge 2x or 4x; text and "
    "watermarks added or removed; SVG"
)
_KNOWN_CHINESE = (
    "衣服、上衣、裤子、头发、嘴唇换颜色；戴墨镜、眼镜、帽子、口罩；背景去除、换色、虚化或换图；黑白、怀旧、素描、卡通、油画；"
    "亮度、对比度、饱和度、冷暖、锐化、降噪、模糊；人脸模糊或打码；裁剪、旋转、翻转、缩放、放大2倍或4倍；加文字或水印、去文字或水印；转成SVG"
)
_EXAMPLES_ENGLISH = (
    "make the clothes red · shirt and trousers navy · dye the hair blonde · the person on the left: blue shirt",
    "put on sunglasses · add a red hat · a mask on the second person",
    "remove the background · white background · blur the background a lot · use picture 2 as background",
    "black and white · sepia · sketch · cartoon · oil painting",
    "a bit brighter and warmer · contrast +20% · less saturation · sharpen · denoise · make the sky darker",
    "blur the faces · pixelate the person on the right",
    "crop to 16:9 · crop to the face · rotate left · rotate 30 degrees · flip horizontally",
    "resize to 800x600 · width 800 · 50% · upscale 4x",
    "add the text “Hello” at the top in white · add watermark “© me” · remove the watermark · remove the text “ABC”",
    "convert to SVG · keep the face unchanged",
)
_EXAMPLES_CHINESE = (
    "衣服换成红色 · 把上衣和裤子变成深蓝色 · 头发染成金色 · 左边的人衣服换成蓝色",
    "戴上墨镜 · 戴红色的帽子 · 给第二个人戴口罩",
    "去掉背景 · 换成白色背景 · 背景虚化 · 把背景换成第二张图",
    "黑白 · 怀旧 · 素描 · 卡通 · 油画",
    "亮一点，暖一点 · 对比度+20% · 降低饱和度 · 锐化 · 降噪 · 天空暗一点",
    "人脸模糊 · 给右边的人打码",
    "裁剪成16:9 · 裁到人脸 · 向左旋转90度 · 左右翻转",
    "缩放到800x600 · 宽度800 · 缩小一半 · 放大4倍",
    "在顶部加上白色文字“你好” · 加水印“©我” · 去水印 · 去掉文字“ABC”",
    "转成SVG · 保持脸不变",
)
_BY_KIND: dict[Kind, str] = {
    Kind.COLOUR: "what",
    Kind.PART: "how",
    Kind.ITEM: "how",
    Kind.FACE: "how",
    Kind.SKY: "how",
    Kind.GUARDED: "invent",
    Kind.CROP: "crop",
    Kind.TURN: "turn",
    Kind.FLIP: "flip",
    Kind.PIXELATE: "face",
    Kind.QUOTED: "quotes",
    Kind.TEXT: "quotes",
    Kind.MARK: "quotes",
    Kind.BACKGROUND: "background",
    Kind.RESIZE: "size",
    Kind.LETTER_SIZE: "size",
    Kind.SHADE: "shade",
    Kind.KEEP: "how",
}
_MOST_QUOTES = 5
_MOST_LETTERS = 60


def known(language: str) -> str:
    """What is understood, with examples: Chinese for languages that begin with ``zh``, English for all others."""
    examples = _EXAMPLES_CHINESE if language.lower().startswith("zh") else _EXAMPLES_ENGLISH
    return "\n".join(f"- {line}" for line in examples)


def not_understood(script: Script, words: Sequence[Token], unplaced: Sequence[Unplaced]) -> NotUnderstood:
    """The refusal: it quotes the words as they were written, says why, and lists what is known."""
    chinese = is_chinese(script.original)
    pieces, reasons = _pieces(script, words, unplaced)
    texts = CHINESE if chinese else ENGLISH
    why = "".join(texts[reason] + ("" if chinese else " ") for reason in reasons if texts[reason])
    shown = pieces[:_MOST_QUOTES]
    if chinese:
        quotes = "、".join(f"“{piece}”" for piece in shown)
        message = f"没有看懂或做不到：{quotes}。{why}能做的有：{_KNOWN_CHINESE}。图片没有改动。"
    else:
        quotes = ", ".join(f"“{piece}”" for piece in shown)
        message = f"Not understood or not possible: {quotes}. {why}I know: {_KNOWN_ENGLISH}. Nothing was changed."
    return NotUnderstood(message, tuple(pieces))


def nothing_said(script: Script) -> NotUnderstood:
    """The refusal of an instruction that asks for nothing."""
    if is_chinese(script.original) or not script.original.strip():
        message = f"没有说要改什么。能做的有：{_KNOWN_CHINESE}。"
        if is_chinese(script.original):
            return NotUnderstood(message, ())
        return NotUnderstood(f"The instruction is empty. I know: {_KNOWN_ENGLISH}. {message}", ())
    return NotUnderstood(f"The instruction asks for no change. I know: {_KNOWN_ENGLISH}.", ())


def _pieces(script: Script, words: Sequence[Token], unplaced: Sequence[Unplaced]) -> tuple[list[str], list[str]]:
    """Quotations, neighbouring ones joined, and the reasons without repetition."""
    meant = [word.start for word in words if word.kind not in (Kind.FILLER, Kind.PICTURE, Kind.IT)]
    spans: list[tuple[int, int]] = []
    reasons: dict[str, None] = {}
    for item in unplaced:
        start, end = item.words[0].start, item.words[-1].end
        if spans and not any(spans[-1][1] <= place < start for place in meant):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        reasons[item.reason or _reason(item.words[0])] = None
    reasons.pop("", None)
    pieces = [script.quote(start, end).strip()[:_MOST_LETTERS] for start, end in spans]
    order = list(reasons)
    return list(dict.fromkeys(pieces)), [
        reason for reason in order if reason not in ("how", "unknown") or len(order) == 1
    ]


def _reason(word: Token) -> str:
    if word.kind in (Kind.CANNOT, Kind.GENDER):
        return word.name
    return _BY_KIND.get(word.kind, "")
