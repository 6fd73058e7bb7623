"""Progress and results in words, in the language of the instruction."""

import re
from collections.abc import Callable

from openhearth.engines.edit_image.plan import (
    AddText,
    Adjust,
    Background,
    Crop,
    Expand,
    Flip,
    HideFaces,
    Op,
    Recolour,
    RemoveText,
    Resize,
    Rotate,
    Style,
    Upscale,
    Vectorise,
    Wear,
    Zoom,
)

Both = tuple[str, str]  # Chinese, English

_NAMES: dict[str, Both] = {
    "top": ("上衣", "top"),
    "trousers": ("裤子", "trousers"),
    "outfit": ("衣服", "clothes"),
    "hair": ("头发", "hair"),
    "lips": ("嘴唇", "lips"),
    "sunglasses": ("墨镜", "sunglasses"),
    "glasses": ("眼镜", "glasses"),
    "hat": ("帽子", "hat"),
    "mask": ("口罩", "mask"),
    "black_and_white": ("黑白", "black and white"),
    "sepia": ("复古棕褐", "sepia"),
    "sketch": ("素描", "sketch"),
    "cartoon": ("卡通", "cartoon"),
    "oil": ("油画", "oil painting"),
    "brightness": ("亮度", "brightness"),
    "contrast": ("对比度", "contrast"),
    "saturation": ("饱和度", "saturation"),
    "warmth": ("色温", "warmth"),
    "sharpen": ("锐化", "sharpness"),
    "denoise": ("降噪", "noise"),
    "blur": ("模糊", "blur"),
    "pixelate": ("打码", "pixelation"),
    "all": ("", ""),
    "background": ("背景", "background"),
    "sky": ("天空", "sky"),
    "remove": ("已去除背景", "Background removed"),
    "colour": ("背景颜色已更换", "Background colour changed"),
    "replace": ("背景已替换", "Background replaced"),
    "horizontal": ("已左右翻转", "Mirrored"),
    "vertical": ("已上下翻转", "Flipped upside down"),
}

NOTE: Both = (
    "本地程序化编辑：只按规则修改原图，不生成任何新内容。",
    "Procedural local edit: it changes the picture by rules and invents nothing.",
)


_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|「[^」]*」|『[^』]*』|《[^》]*》")


def is_chinese(text: str) -> bool:
    """Whether to answer in Chinese. A text to be written on the picture does not count."""
    return any("\u4e00" <= sign <= "\u9fff" for sign in _QUOTED.sub("", text) or text)


def in_language(both: Both, *, chinese: bool) -> str:
    return both[0] if chinese else both[1]


def opened(width: int, height: int) -> Both:
    return f"图片已打开（{width}×{height}）", f"Picture opened ({width} × {height})"


def saved(width: int, height: int) -> Both:
    return f"结果已保存（{width}×{height}）", f"Result saved ({width} × {height})"


def done(step: Op) -> Both:
    """What a finished step has changed."""
    return _TELLERS[type(step)](step)


def _recolour(step: Op) -> Both:
    assert isinstance(step, Recolour)
    part = _NAMES[step.part]
    return f"{part[0]}已换成{step.colour.name}", f"{part[1].capitalize()} recoloured: {step.colour.name}"


def _wear(step: Op) -> Both:
    assert isinstance(step, Wear)
    return f"已戴上{_NAMES[step.item][0]}", f"{_NAMES[step.item][1].capitalize()} put on"


def _background(step: Op) -> Both:
    assert isinstance(step, Background)
    return ("背景已虚化", "Background blurred") if step.action == "blur" else _NAMES[step.action]


def _style(step: Op) -> Both:
    assert isinstance(step, Style)
    return f"已变成{_NAMES[step.kind][0]}效果", f"Turned into {_NAMES[step.kind][1]}"


def _adjust(step: Op) -> Both:
    assert isinstance(step, Adjust)
    where, what = _NAMES[step.region], _NAMES[step.kind]
    suffix = f" of the {where[1]}" if where[1] else ""
    return f"{where[0]}{what[0]}已调整", f"{what[1].capitalize()}{suffix} adjusted"


def _hide(step: Op) -> Both:
    assert isinstance(step, HideFaces)
    return f"人脸已{_NAMES[step.kind][0]}", "Faces blurred" if step.kind == "blur" else "Faces pixelated"


def _flip(step: Op) -> Both:
    assert isinstance(step, Flip)
    return _NAMES[step.axis]


def _rotate(step: Op) -> Both:
    assert isinstance(step, Rotate)
    return f"已旋转 {step.degrees:g}°", f"Rotated by {step.degrees:g}°"


def _upscale(step: Op) -> Both:
    assert isinstance(step, Upscale)
    return f"已放大 {step.factor} 倍", f"Enlarged ×{step.factor}"


_TELLERS: dict[type, Callable[[Op], Both]] = {
    Recolour: _recolour,
    Wear: _wear,
    Background: _background,
    Style: _style,
    Adjust: _adjust,
    HideFaces: _hide,
    Crop: lambda _: ("已裁剪", "Cropped"),
    Rotate: _rotate,
    Flip: _flip,
    Resize: lambda _: ("尺寸已调整", "Resized"),
    Upscale: _upscale,
    AddText: lambda _: ("文字已添加", "Text added"),
    RemoveText: lambda _: ("文字水印已去除", "Text removed"),
    Zoom: lambda _: ("已裁边放大", "Edges cut, the rest enlarged"),
    Expand: lambda _: (
        "画布已扩展（镜像或模糊填充，未生成新内容）",
        "Canvas extended by the picture itself, nothing invented",
    ),
    Vectorise: lambda _: ("已转为矢量图", "Vectorised"),
}
