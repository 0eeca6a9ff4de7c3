from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile, ImageOps

from maskreid.errors import MaskreidError
from maskreid.images import Folder, read_image, read_mask
from maskreid.images.decode import decode_image


def save(path: Path, image: Image.Image, kind: str = "PNG") -> None:
    image.save(path, kind)


def test_an_image_is_rgb_whatever_it_was(tmp_path: Path) -> None:
    red = Image.new("RGB", (3, 2), (200, 10, 20))
    source = Folder(tmp_path)
    for mode in ("RGB", "RGBA", "P"):
        save(tmp_path / f"{mode}.png", red.convert(mode, palette=Image.Palette.ADAPTIVE))
        pixels = read_image(source, f"{mode}.png")
        assert pixels.shape == (2, 3, 3)
        assert pixels.dtype == np.uint8
        assert np.array_equal(pixels[0, 0], [200, 10, 20])
    save(tmp_path / "L.png", Image.new("L", (3, 2), 77))
    assert np.array_equal(read_image(source, "L.png"), np.full((2, 3, 3), 77))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_cut_off_anywhere_it_is_an_error_or_whole(picture: Callable[..., bytes], kind: str) -> None:
    whole = picture(1, (32, 16), kind)
    expected = decode_image(whole, "cut")
    survived = []
    for length in range(len(whole)):
        try:
            pixels = decode_image(whole[:length], "cut")
        except MaskreidError:
            continue
        assert np.array_equal(pixels, expected), length
        survived.append(length)
    # Only checksums and the end mark, 20 bytes in a PNG, come behind the last pixel.
    assert all(length >= len(whole) - 20 for length in survived)
    with pytest.raises(MaskreidError, match=r"^cut cannot be decoded \(.*\); copy it again or remove it$"):
        decode_image(whole[: len(whole) // 2], "cut")


@pytest.mark.parametrize("content", [b"no image at all", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(MaskreidError, match=r"x\.jpg cannot be decoded \(not JPEG, "):
        read_image(Folder(tmp_path), "x.jpg")


def test_sixteen_bits_are_refused_not_clipped(tmp_path: Path) -> None:
    save(tmp_path / "deep.png", Image.fromarray(np.full((4, 4), 40000, np.uint16)))
    with pytest.raises(MaskreidError, match="more than 8 bits"):
        read_image(Folder(tmp_path), "deep.png")


@pytest.mark.parametrize(("colours", "kind"), [("RGB", 2), ("RGBA", 4), ("RGBA", 6)])
def test_colours_of_sixteen_bits_are_no_background(tmp_path: Path, colours: str, kind: int) -> None:
    channels = {2: 3, 4: 2, 6: 4}[kind]
    values = np.full((4, 4, channels), 7, ">u2")  # the upper 8 bits, which Pillow keeps, are 0
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 4, 4, 16, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    (tmp_path / "deep.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(struct.pack(">I", len(c)) + t + c + struct.pack(">I", zlib.crc32(t + c)) for t, c in chunks)
    )
    for read in (read_image, read_mask):
        with pytest.raises(MaskreidError, match=rf"more than 8 bits a channel \({colours}\); convert it to 8 bits"):
            read(Folder(tmp_path), "deep.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_upright(kind: str) -> None:
    picture, buffer = Image.new("RGB", (60, 30), (255, 0, 0)), io.BytesIO()
    picture.paste((0, 0, 255), (0, 0, 30, 30))
    exif = picture.getexif()
    exif[ExifTags.Base.Orientation] = 6  # the left side is up
    picture.save(buffer, kind, exif=exif)
    upright = decode_image(buffer.getvalue(), "picture")
    assert upright.shape == (60, 30, 3)
    assert upright[5, 15, 2] > 200 > 50 > upright[55, 15, 2]


def test_damaged_exif_leaves_a_picture_as_it_is() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 30)).save(buffer, "JPEG", exif=b"Exif\0\0nonsense" + b"\xff" * 20)
    assert decode_image(buffer.getvalue(), "picture").shape == (30, 60, 3)


def test_odd_exif_neither_stops_nor_tilts() -> None:
    """Pillow writes the block again when it has turned the pixels, and stumbles: here the maker is a fraction."""
    fields = [(0x010F, 5, 1, 38), (ExifTags.Base.Orientation, 3, 1, 6 << 16)]
    block = b"MM\0*" + struct.pack(">IH", 8, 2) + b"".join(struct.pack(">HHII", *field) for field in fields)
    buffer = io.BytesIO()
    Image.new("RGB", (60, 30)).save(buffer, "JPEG", exif=b"Exif\0\0" + block + bytes(4) + struct.pack(">II", 1, 0))
    with pytest.raises(AttributeError):
        ImageOps.exif_transpose(Image.open(buffer))
    assert decode_image(buffer.getvalue(), "picture").shape == (60, 30, 3)


def test_pillow_must_not_hide_damage(
    tmp_path: Path, picture: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(MaskreidError, match="LOAD_TRUNCATED_IMAGES"):
        read_image(Folder(tmp_path), "a.png")


def test_a_mask_is_where_the_file_is_not_zero(tmp_path: Path) -> None:
    expected = np.array([[False, True, True], [True, False, True]])
    labels = np.array([[0, 1, 19], [255, 0, 3]], np.uint8)
    palette = Image.fromarray(labels)
    palette = Image.frombytes("P", (3, 2), labels.tobytes())
    palette.putpalette([9, 9, 9, 0, 0, 0] + [0] * 762)  # label 0 is painted grey and label 1 black: labels count
    blue = np.zeros((2, 3, 3), np.uint8)
    blue[..., 2] = labels > 0  # a blue of 1, which turning to grey would lose
    opaque = np.dstack([blue, np.full((2, 3), 255, np.uint8)])
    grey_alpha = Image.merge("LA", (Image.fromarray(labels), Image.new("L", (3, 2), 255)))
    for name, image in {
        "grey": Image.fromarray(labels),
        "bits": Image.fromarray(expected),
        "palette": palette,
        "colour": Image.fromarray(blue),
        "alpha": Image.fromarray(opaque),
        "grey_alpha": grey_alpha,
        "deep": Image.fromarray(labels.astype(np.uint16) * 256),
    }.items():
        save(tmp_path / f"{name}.png", image)
        mask = read_mask(Folder(tmp_path), f"{name}.png")
        assert mask.dtype == np.bool_, name
        assert np.array_equal(mask, expected), name


def test_a_jpeg_is_no_mask(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG")
    (tmp_path / "m.png").write_bytes(buffer.getvalue())
    with pytest.raises(MaskreidError, match=r"m\.png cannot be decoded \(not PNG, BMP, TIFF\)"):
        read_mask(Folder(tmp_path), "m.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_every_kind_of_image_is_read(tmp_path: Path, kind: str) -> None:
    save(tmp_path / "a", Image.new("RGB", (32, 16), (200, 10, 20)), kind)
    pixels = read_image(Folder(tmp_path), "a")
    assert pixels.shape == (16, 32, 3)
    assert np.abs(pixels.astype(int) - [200, 10, 20]).max() < 10


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    for read in (read_image, read_mask):
        with pytest.raises(MaskreidError, match=r"a\.png is empty; copy it again or remove it"):
            read(Folder(tmp_path), "a.png")


def test_fractions_are_refused_not_clipped(tmp_path: Path) -> None:
    save(tmp_path / "deep.tif", Image.new("F", (4, 4), 0.5), "TIFF")
    with pytest.raises(MaskreidError, match=r"more than 8 bits a channel \(mode F\); convert it to 8-bit RGB"):
        read_image(Folder(tmp_path), "deep.tif")


@pytest.mark.parametrize("order", ["<", ">"])
def test_colours_of_sixteen_bits_are_refused_in_either_order_of_bytes(tmp_path: Path, order: str) -> None:
    """A TIFF of 2 x 2 pixels: nine fields, the bits of the channels, the pixels."""
    bits, pixels = 8 + 2 + 9 * 12 + 4, np.full((2, 2, 3), 7, f"{order}u2")
    fields = [(256, 2), (257, 2), (258, bits), (259, 1), (262, 2), (273, bits + 6), (277, 3), (278, 2), (279, 24)]
    content = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(fields))
    for tag, value in fields:  # a long, or where three shorts are
        content += struct.pack(f"{order}HHII", tag, *((3, 3) if tag == 258 else (4, 1)), value)
    content += bytes(4) + struct.pack(f"{order}3H", 16, 16, 16) + pixels.tobytes()
    (tmp_path / "deep.tif").write_bytes(content)
    for read in (read_image, read_mask):
        with pytest.raises(MaskreidError, match=r"more than 8 bits a channel \(RGB\); convert it to 8 bits"):
            read(Folder(tmp_path), "deep.tif")
