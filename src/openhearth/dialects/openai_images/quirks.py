"""Where servers that speak OpenAI's image form differ from it: small edits of the fields, named in ``catalog.toml``.

Each gives the names of fields it had to leave out.
"""

from collections.abc import Callable, Sequence

Value = object
Fields = dict[str, Value]
Quirk = Callable[[Fields], tuple[str, ...]]

ONE_PER_CALL = "one_per_call"
"""A call makes one picture, whatever ``n`` says: several are several calls."""

ASPECT_RATIO = "aspect_ratio"
"""It takes a ratio and a resolution by name (xAI) where we would send their size in pixels."""


def _without(*names: str) -> Quirk:
    def drop(fields: Fields) -> tuple[str, ...]:
        return tuple(name for name in names if fields.pop(name, None) is not None)

    return drop


def _renamed(old: str, new: str) -> Quirk:
    def rename(fields: Fields) -> tuple[str, ...]:
        if old in fields:
            fields.setdefault(new, fields.pop(old))
        return ()

    return rename


def _width_height(fields: Fields) -> tuple[str, ...]:
    """Together, Nebius: two numbers in place of ``size``."""
    width, _, height = str(fields.pop("size", "")).partition("x")
    if width.isdecimal() and height.isdecimal():
        fields |= {"width": int(width), "height": int(height)}
    return ()


def _size_star(fields: Fields) -> tuple[str, ...]:
    """Xinference writes ``1024*1024``."""
    if "size" in fields:
        fields["size"] = str(fields["size"]).replace("x", "*")
    return ()


def _two_qualities(fields: Fields) -> tuple[str, ...]:
    """Zhipu knows ``standard`` and ``hd``."""
    if "quality" in fields:
        fields["quality"] = "hd" if fields["quality"] in ("hd", "high", "xhigh", "max") else "standard"
    return ()


def _base64(fields: Fields) -> tuple[str, ...]:
    """Together names the form ``base64``."""
    if fields.get("response_format") == "b64_json":
        fields["response_format"] = "base64"
    return ()


def _no_response_format(fields: Fields) -> tuple[str, ...]:
    """We asked for bytes ourselves; without the field links come, which are fetched: the client loses nothing."""
    fields.pop("response_format", None)
    return ()


QUIRKS: dict[str, Quirk] = {
    ONE_PER_CALL: _without(),
    ASPECT_RATIO: _without(),
    "no_response_format": _no_response_format,
    "base64_format": _base64,
    "width_height": _width_height,
    "size_star": _size_star,
    "no_size": _without("size"),
    "no_quality": _without("quality"),
    "no_style": _without("style"),
    "no_user": _without("user"),
    "no_background": _without("background"),
    "two_qualities": _two_qualities,
    "user_id": _renamed("user", "user_id"),
    "watermark_enabled": _renamed("watermark", "watermark_enabled"),
    "cfg_scale": _renamed("guidance_scale", "cfg_scale"),
    "guidance": _renamed("guidance_scale", "guidance"),
}


def apply(names: Sequence[str], fields: Fields) -> tuple[str, ...]:
    """Run the quirks in order; the names of fields left out. KeyError for an unknown quirk."""
    return tuple(lost for name in names for lost in QUIRKS[name](fields))
