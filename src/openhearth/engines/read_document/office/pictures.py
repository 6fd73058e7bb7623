"""Pictures inside Office files: given back as they lie there, when they are wanted and are pictures."""

from openhearth.core.documents import Made, Options
from openhearth.core.pictures import kind_of, size_of

_NOWHERE = (0, 0, 0, 0, 0, 0, 0, 0)


class Collected:
    """Takes pictures as they are met; ``add`` answers with the id to put into the text, or nothing."""

    def __init__(self, options: Options, most: int) -> None:
        self._is_wanted = options.pictures in ("figures", "both")
        self._most = most
        self.pictures: list[Made] = []
        self.left_out = 0

    def add(self, data: bytes, page: int) -> str:
        """The picture's id; empty when it is not given back."""
        if not self._is_wanted:
            return ""
        mime = kind_of(data)
        if mime is None or mime == "image/svg+xml" or len(self.pictures) >= self._most:
            self.left_out += 1
            return ""
        name = f"picture{len(self.pictures) + 1}"
        width, height = size_of(data) or (0, 0)
        self.pictures.append(Made(name, "figure", data, mime, width, height, page, _NOWHERE))
        return name

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.left_out:
            return ()
        return (f"{self.left_out} pictures were left out: of an unknown kind, or too many.",)
