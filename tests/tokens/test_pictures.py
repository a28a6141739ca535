"""Every kind of picture file gives a picture or a reason."""

import contextlib
import io
import struct
import zlib

import numpy as np
import PIL
import pytest
from PIL import Image, PngImagePlugin, features

from mygo_cli.graph import pictures
from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture


@pytest.fixture(autouse=True)
def _quiet():
    with quiet_pillow():
        yield


def colours(width=12, height=8):
    """A picture whose four quarters differ: red, green, blue, white."""
    array = np.full((height, width, 3), 255, dtype=np.uint8)
    array[: height // 2, : width // 2] = (255, 0, 0)
    array[: height // 2, width // 2 :] = (0, 255, 0)
    array[height // 2 :, : width // 2] = (0, 0, 255)
    return Image.fromarray(array)


def corners(image):
    width, height = image.size
    places = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    return [tuple(int(v) for v in np.asarray(image)[y, x]) for x, y in places]


QUARTERS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("png", {}),
        ("jpg", {"quality": 100, "subsampling": 0}),
        ("webp", {"lossless": True}),
        ("gif", {}),
        ("bmp", {}),
        ("tiff", {}),
        ("tiff", {"compression": "tiff_lzw"}),
    ],
)
def test_kinds_of_files(tmp_path, ending, options):
    path = tmp_path / f"a.{ending}"
    colours(32, 32).save(path, **options)
    image = read_picture(path)
    assert image.mode == "RGB"
    assert np.abs(np.array(corners(image)) - np.array(QUARTERS)).max() <= 4


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "LAB"])
def test_modes(tmp_path, mode):
    if mode == "YCbCr" and int(PIL.__version__.split(".")[0]) < 13:
        pytest.skip("this Pillow does not read the YCbCr that it writes")
    path = tmp_path / "a.tif"
    image = colours().convert(mode)
    if mode in ("HSV",):
        path = tmp_path / "a.png"
        image = image.convert("RGB")
    image.save(path)
    assert read_picture(path).mode == "RGB"


@pytest.mark.skipif("AVIF" not in pictures.FORMATS, reason="this Pillow reads no AVIF")
def test_avif(tmp_path):
    if not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    colours(32, 32).save(tmp_path / "a", format="AVIF", quality=100)
    found = np.array(corners(read_picture(tmp_path / "a")))
    assert np.abs(found - np.array(QUARTERS)).max() <= 8


def test_the_content_decides_not_the_ending(tmp_path):
    path = tmp_path / "a.jpg"
    colours().save(path, format="PNG")
    assert corners(read_picture(path)) == QUARTERS


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_is_white(tmp_path, mode):
    image = Image.new(mode, (4, 4), (0,) * len(mode))
    image.save(tmp_path / "a.png")
    assert corners(read_picture(tmp_path / "a.png")) == [(255, 255, 255)] * 4


def test_half_transparent_is_mixed_with_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 128)).save(tmp_path / "a.png")
    assert corners(read_picture(tmp_path / "a.png"))[0] == (127, 127, 127)


def test_transparent_colour_of_a_palette_is_white(tmp_path):
    image = colours().quantize(8)
    image.save(tmp_path / "a.png", transparency=image.getpixel((0, 0)))
    assert corners(read_picture(tmp_path / "a.png"))[0] == (255, 255, 255)
    assert corners(read_picture(tmp_path / "a.png"))[1] == (0, 255, 0)


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (np.uint16, [0, 32896, 65535], [0, 128, 255]),
        (np.int32, [0, 100, 255], [0, 100, 255]),
        (np.int32, [0, 65536, 131072], [0, 128, 255]),
        (np.float32, [0.0, 0.5, 1.0], [0, 128, 255]),
        (np.float32, [0.0, np.nan, 200.0], [0, 0, 200]),
        (np.float32, [-5.0, 0.0, 0.0], [0, 0, 0]),
    ],
)
def test_more_than_8_bits_are_scaled(tmp_path, dtype, values, expected):
    Image.fromarray(np.array([values], dtype=dtype)).save(tmp_path / "a.tif")
    image = read_picture(tmp_path / "a.tif")
    assert np.asarray(image)[0, :, 0].tolist() == expected


def test_16_bit_png(tmp_path):
    Image.fromarray(np.array([[0, 32896, 65535]], dtype=np.uint16)).save(tmp_path / "a.png")
    assert np.asarray(read_picture(tmp_path / "a.png"))[0, :, 0].tolist() == [0, 128, 255]


def test_a_turned_photo_is_put_upright(tmp_path):
    image = colours(12, 8)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.png", exif=exif)
    upright = read_picture(tmp_path / "a.png")
    assert upright.size == (12, 8)
    assert corners(upright) == QUARTERS


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_of_an_animation_the_first_frame(tmp_path, ending):
    first, second = Image.new("RGB", (4, 4), (255, 0, 0)), Image.new("RGB", (4, 4), (0, 0, 255))
    path = tmp_path / f"a.{ending}"
    first.save(path, save_all=True, append_images=[second], lossless=True)
    assert corners(read_picture(path))[0] == (255, 0, 0)


@pytest.mark.parametrize("place", ["note", "long note", "profile", "many notes"])
def test_notes_of_a_png_may_be_of_any_size(tmp_path, place):
    exif = Image.Exif()
    exif[0x0112] = 6
    notes = PngImagePlugin.PngInfo()
    options = {"exif": exif, "pnginfo": notes}
    if place == "profile":
        options["icc_profile"] = bytes(2 << 20)
    elif place == "many notes":
        for number in range(70):
            notes.add_text(f"note {number}", "x" * 1_000_000, zip=True)
    else:
        notes.add_itxt("note", "x" * (2 << 20), zip=place == "note")
    turned = colours(12, 8).transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "a.png", **options)
    assert corners(read_picture(tmp_path / "a.png")) == QUARTERS


def test_a_cut_png_with_a_large_note_is_cut_short(tmp_path):
    notes = PngImagePlugin.PngInfo()
    notes.add_text("note", "x" * (2 << 20), zip=True)
    NOISE.save(tmp_path / "a.png", pnginfo=notes)
    content = (tmp_path / "a.png").read_bytes()
    for length in (len(content) - 900, 2000, 60, 39):
        (tmp_path / "a.png").write_bytes(content[:length])
        with pytest.raises(BadPicture):
            read_picture(tmp_path / "a.png")


def test_one_pixel(tmp_path):
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "a.png")
    assert corners(read_picture(tmp_path / "a.png"))[0] == (1, 2, 3)


def png_header(width, height):
    """A PNG that only says how large it is."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + chunk + end


def saved(image, ending):
    buffer = io.BytesIO()
    image.save(buffer, format=ending)
    return buffer.getvalue()


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"hello, world", "can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><svg/>", "SVG"),
        (b"<!DOCTYPE svg><svg/>", "SVG"),
        (b"<html></html>", "can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "can be read"),
        (png_header(9000, 9000), "pixels"),
        (png_header(60000, 60000), "pixels"),
        (png_header(1, 5000), "100 times"),
        (png_header(0, 4), "."),
        (saved(NOISE, "PNG")[:2000], "cut short"),
        (saved(NOISE, "JPEG")[:1500], "cut short"),
        (saved(NOISE, "WEBP")[:1000], "."),
        (saved(NOISE, "BMP")[:1000], "cut short"),
        (saved(NOISE, "TIFF")[:1000], "."),
        (saved(NOISE, "GIF")[:400], "."),
    ],
)
def test_bad_files_give_a_reason(tmp_path, content, reason):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(BadPicture, match=reason) as caught:
        read_picture(path)
    text = str(caught.value)
    assert text
    assert "\n" not in text
    assert str(tmp_path) not in text


def test_bytes_changed_anywhere_give_a_picture_or_a_reason(tmp_path):
    rng = np.random.default_rng(0)
    for ending in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        good = np.frombuffer(saved(NOISE, ending), dtype=np.uint8)
        for _ in range(25):
            bad = good.copy()
            bad[rng.integers(0, min(len(bad), 200), 3)] = rng.integers(0, 256, 3)
            (tmp_path / "a").write_bytes(bad.tobytes())
            with contextlib.suppress(BadPicture):
                assert read_picture(tmp_path / "a").mode == "RGB"


def test_files_that_are_none(tmp_path):
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    for name in ("loop.png", "none.png", "."):
        with pytest.raises(BadPicture):
            read_picture(tmp_path / name)


def test_pillow_is_left_as_it_was():
    before = pictures.ImageFile.LOAD_TRUNCATED_IMAGES
    pictures.ImageFile.LOAD_TRUNCATED_IMAGES = True
    with quiet_pillow():
        assert not pictures.ImageFile.LOAD_TRUNCATED_IMAGES
    assert pictures.ImageFile.LOAD_TRUNCATED_IMAGES
    pictures.ImageFile.LOAD_TRUNCATED_IMAGES = before
