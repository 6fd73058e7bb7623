"""Files from clients: every usual kind read as shown, every hostile one refused with its reason before it costs."""

import contextlib
import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, TiffImagePlugin

from openhearth.core.errors import RequestError, TooLarge, UnsupportedMedia
from openhearth.engines.edit_image.open import open_picture, read_header
from openhearth.engines.edit_image.ports import Pixels
from openhearth.engines.edit_image.save import save_picture

MOST = 40_000_000


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def scene() -> Image.Image:
    """Left half red, right half blue, a green stripe on top: any turn or swapped channel shows."""
    values = np.zeros((60, 80, 3), np.uint8)
    values[:, :40], values[:, 40:], values[:10] = (220, 30, 30), (30, 30, 220), (30, 200, 30)
    return Image.fromarray(values)


def opened(data: bytes) -> Pixels:
    return open_picture(data, most_pixels=MOST)


def assert_is_scene(pixels: Pixels, tolerance: int = 12) -> None:
    assert pixels.shape == (60, 80, 4)
    for (x, y), rgb in {(20, 40): (220, 30, 30), (60, 40): (30, 30, 220), (40, 4): (30, 200, 30)}.items():
        assert np.abs(pixels[y, x, :3].astype(int) - rgb).max() <= tolerance
    assert (pixels[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("JPEG", {"quality": 95, "progressive": True, "subsampling": 0}),
        ("WEBP", {"quality": 95}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_usual_kinds_are_read(kind: str, options: dict[str, object]) -> None:
    assert_is_scene(opened(encoded(scene(), kind, **options)))


def test_the_content_counts_and_not_a_name() -> None:
    assert read_header(encoded(scene(), "GIF"), most_pixels=MOST).mime == "image/gif"


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[274] = 6  # shown after a quarter turn clockwise
    sideways = scene().transpose(Image.Transpose.ROTATE_90)
    assert_is_scene(opened(encoded(sideways, "JPEG", quality=95, subsampling=0, exif=exif.tobytes())))


def test_cmyk_jpeg_has_its_colours() -> None:
    assert_is_scene(opened(encoded(scene().convert("CMYK"), "JPEG", quality=95, subsampling=0)))


def test_palette_with_transparency_keeps_it() -> None:
    values = Image.new("RGBA", (10, 10), (255, 0, 0, 255))
    values.paste((0, 0, 0, 0), (0, 0, 5, 10))
    pixels = opened(encoded(values.quantize(), "PNG"))
    assert pixels[5, 2, 3] == 0
    assert tuple(pixels[5, 8]) == (255, 0, 0, 255)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    grey = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    pixels = opened(encoded(Image.fromarray(grey), kind))
    assert np.abs(pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_one_bit_and_grey_with_alpha() -> None:
    assert opened(encoded(Image.new("1", (4, 4), 1), "PNG"))[0, 0].tolist() == [255, 255, 255, 255]
    assert opened(encoded(Image.new("LA", (4, 4), (90, 128)), "PNG"))[0, 0].tolist() == [90, 90, 90, 128]


def test_a_colour_profile_is_converted() -> None:
    """The same numbers mean another colour under another profile."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    grey = Image.new("LAB", (8, 8), (128, 128, 128))
    data = encoded(grey, "TIFF", icc_profile=lab.tobytes())
    red, green, blue = opened(data)[4, 4, :3].astype(int)
    assert max(red, green, blue) - min(red, green, blue) <= 3
    assert 110 <= green <= 128  # L* of 50 is sRGB 119


def test_a_broken_profile_does_not_stop_the_picture() -> None:
    assert_is_scene(opened(encoded(scene(), "PNG", icc_profile=b"no profile at all")))


def test_a_bomb_is_refused_by_its_header_with_its_numbers() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")
    tracemalloc.start()
    with pytest.raises(TooLarge, match="50000 × 50000") as caught:
        opened(bomb)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert caught.value.code == "picture_too_large"


def test_a_webp_bomb_is_refused_before_its_canvas_is_reserved() -> None:
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_383).to_bytes(3, "little") * 2
    data = b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas
    with pytest.raises(TooLarge, match="16384 × 16384"):
        opened(data)


def test_a_gif_that_claims_too_much_is_refused() -> None:
    data = bytearray(encoded(scene(), "GIF"))
    data[6:10] = struct.pack("<HH", 65_000, 65_000)
    with pytest.raises(TooLarge):
        opened(bytes(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_cut_off_file_is_damaged(kind: str) -> None:
    data = encoded(Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8)), kind)
    with pytest.raises(RequestError) as caught:
        opened(data[: len(data) // 2])
    assert caught.value.code == "picture_damaged"


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {}), ("PNG", {}), ("TIFF", {})])
def test_several_frames_are_refused_not_silently_dropped(kind: str, options: dict[str, object]) -> None:
    other = scene().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    data = encoded(scene(), kind, save_all=True, append_images=[other], **options)
    with pytest.raises(RequestError) as caught:
        opened(data)
    assert caught.value.code == "picture_animated"


def test_a_phone_jpeg_with_a_second_picture_is_its_first() -> None:
    data = encoded(scene(), "MPO", save_all=True, append_images=[Image.new("RGB", (80, 60))], quality=95, subsampling=0)
    assert_is_scene(opened(data))


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG"),
        (b"%PDF-1.7\n1 0 obj", "PDF"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"),
        (b"<!doctype html><html><body>not found</body></html>", "web page"),
        (b"", ""),
        (b"hello", ""),
    ],
)
def test_other_files_are_refused_with_what_is_taken(data: bytes, named: str) -> None:
    with pytest.raises(UnsupportedMedia, match="PNG, JPEG, WebP, GIF, BMP or TIFF") as caught:
        opened(data)
    assert named in caught.value.message


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"PK\x03\x04" + bytes(100) + b"evil.exe"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_of_a_polyglot_only_the_picture_survives(kind: str, tail: bytes) -> None:
    data = encoded(scene(), kind, comment=b"<script>alert(2)</script>") + tail
    for output_format in ("png", "jpeg", "webp"):
        again = save_picture(opened(data), output_format)
        assert b"script" not in again
        assert b"evil" not in again


def test_gif_that_is_also_javascript_becomes_a_plain_picture() -> None:
    small = encoded(Image.new("P", (4, 4)), "GIF")
    data = b"GIF89a" + b"/*" + small[8:] + b"*/=1;alert(1)"
    with pytest.raises(RequestError):  # its canvas is as wide as the characters say and holds no such picture
        open_picture(data, most_pixels=1_000)


def test_metadata_does_not_survive() -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 30.0)}
    exif[315] = "Somebody Secret"
    data = encoded(scene(), "JPEG", exif=exif.tobytes(), comment=b"private")
    for output_format in ("png", "jpeg", "webp"):
        saved = save_picture(opened(data), output_format)
        assert b"Secret" not in saved
        assert b"private" not in saved
        with Image.open(io.BytesIO(saved)) as again:
            assert not again.getexif()


def test_a_tiff_in_a_circle_ends() -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    data = bytearray(encoded(scene(), "TIFF", tiffinfo=info))
    first = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[first : first + 2])[0]
    data[first + 2 + 12 * count : first + 6 + 12 * count] = struct.pack("<I", first)
    assert_is_scene(opened(bytes(data)))


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]), st.data())
def test_damage_anywhere_is_a_request_error_or_a_picture(kind: str, data: st.DataObject) -> None:
    whole = bytearray(encoded(scene().resize((24, 18)), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RequestError):  # any other error fails the test
        pixels = open_picture(bytes(whole), most_pixels=1_000_000)
        assert pixels.ndim == 3
        assert pixels.shape[2] == 4
        assert pixels.dtype == np.uint8


def test_jpeg_has_transparency_laid_on_white_and_png_keeps_it() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:] = (10, 20, 200, 255)
    with Image.open(io.BytesIO(save_picture(pixels, "jpeg", quality=95))) as flat:
        assert flat.mode == "RGB"
        assert np.asarray(flat)[4, 1].min() > 245
    assert (opened(save_picture(pixels, "png"))[..., 3] == pixels[..., 3]).all()
    assert (opened(save_picture(pixels, "webp"))[..., 3] == pixels[..., 3]).all()


def test_png_is_exact_and_quality_shrinks_the_others() -> None:
    pixels = opened(encoded(Image.effect_noise((64, 64), 90).convert("RGB"), "PNG"))
    assert (opened(save_picture(pixels, "png")) == pixels).all()
    for output_format in ("jpeg", "webp"):
        assert len(save_picture(pixels, output_format, quality=20)) < len(save_picture(pixels, output_format))


def test_unknown_output_format_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        save_picture(np.zeros((2, 2, 4), np.uint8), "avif")
    assert caught.value.code == "output_format_unsupported"
