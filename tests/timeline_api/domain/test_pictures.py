"""What of a file becomes a member's picture, and what is refused."""

import io
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from timeline_api.domain import pictures
from timeline_api.domain.pictures import MAX_BYTES, SIDE, BadPicture, squared


def drawn(size=(300, 200), mode="RGB", colour=None):
    """A picture whose left half is red (or `colour`) and whose right half is blue."""
    image = Image.new("RGB", size, colour or (220, 30, 30))
    image.paste((30, 30, 220), (size[0] // 2, 0, *size))
    return image.convert(mode)


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def kept(data):
    image = Image.open(io.BytesIO(squared(data)))
    assert (image.format, image.size) == ("WEBP", (SIDE, SIDE))
    return image


def near(pixel, colour, by=40):
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=False))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "P", "L", "LA", "1")),
        *(("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
        ("GIF", "P"),
    ],
)
def test_it_takes_what_browsers_show(kind, mode):
    image = kept(encoded(drawn(mode=mode), kind)).convert("RGB")
    left, right = image.getpixel((20, 80)), image.getpixel((140, 80))
    if mode in ("L", "LA", "1"):
        assert max(left) - min(left) < 8
    else:
        assert near(left, (220, 30, 30), 60)
        assert near(right, (30, 30, 220), 60)


def test_it_keeps_the_middle():
    wide = Image.new("RGB", (900, 100), "white")
    wide.paste("green", (400, 0, 500, 100))
    assert near(kept(encoded(wide, "PNG")).convert("RGB").getpixel((4, 80)), (0, 128, 0))


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (SIDE, SIDE), (2400, 1600)])
def test_it_takes_every_shape(size):
    kept(encoded(drawn(size), "PNG"))


def test_it_turns_a_photograph_as_the_camera_was_held():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter: what is stored on the left is on top
    image = kept(encoded(drawn((200, 200)), "JPEG", exif=exif)).convert("RGB")
    assert near(image.getpixel((80, 20)), (220, 30, 30), 60)
    assert near(image.getpixel((80, 140)), (30, 30, 220), 60)


def test_it_keeps_nothing_that_the_file_tells_beside_the_picture():
    exif = Image.Exif()
    exif[0x010E] = "SECRET place"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photograph = encoded(
        drawn(), "JPEG", exif=exif, icc_profile=profile, comment=b"SECRET", xmp=b"SECRET"
    )
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET")
    for data in (photograph + b"SECRET", encoded(drawn(), "PNG", pnginfo=text, exif=exif)):
        made = squared(data)
        assert b"SECRET" not in made
        assert not {"exif", "icc_profile", "xmp", "comment"} & set(
            Image.open(io.BytesIO(made)).info
        )


def test_it_keeps_what_is_seen_through():
    image = kept(encoded(Image.new("RGBA", (100, 100), (255, 0, 0, 0)), "PNG"))
    assert image.convert("RGBA").getpixel((50, 50))[3] == 0


def test_it_keeps_grey_of_sixteen_bits_grey():
    deep = Image.new("I;16", (50, 50), 32768)
    assert near(kept(encoded(deep, "PNG")).convert("RGB").getpixel((80, 80)), (128, 128, 128))


def test_it_keeps_the_first_frame_of_a_moving_picture():
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(kept(data).convert("RGB").getpixel((80, 80)), (255, 0, 0))


def chunk(name, data):
    return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)


def bomb(width, height, *, extra=b""):
    """A PNG of some kilobytes that unpacks to width × height pixels."""
    head = chunk(b"IHDR", width.to_bytes(4) + height.to_bytes(4) + bytes((8, 2, 0, 0, 0)))
    rows = zlib.compress(bytes(min(width * 3 * height, 5_000_000)), 9)
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_it_refuses_a_picture_of_forty_megapixels():
    with pytest.raises(BadPicture, match="40 megapixels; at most 25"):
        squared(encoded(Image.new("L", (8000, 5000)), "JPEG"))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_it_refuses_more_than_twelve_megapixels_of_what_is_decoded_whole(kind):
    with pytest.raises(BadPicture, match="16 megapixels; at most 12"):
        squared(encoded(Image.new("L", (4000, 4000)), kind))


def test_it_decodes_one_at_a_time(monkeypatch):
    """Twelve PNGs of 97 kB, decoded at once, took 2.9 GB."""
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0)
    data = encoded(Image.new("L", (9, 9)), "PNG")
    with pictures._turn, pytest.raises(pictures.Busy):
        squared(data)
    assert squared(data)


@pytest.mark.parametrize("size", [(12_000, 10_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
def test_it_refuses_a_bomb_without_unpacking_it(size):
    with pytest.raises(BadPicture, match="megapixels"):
        squared(bomb(*size))


def test_it_refuses_a_bomb_of_words():
    """A text chunk of a few kilobytes that unpacks to 8 MB."""
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(8_000_000), 9))
    with pytest.raises(BadPicture):
        squared(bomb(10, 10, extra=text))


def test_it_refuses_a_file_that_is_too_long():
    with pytest.raises(BadPicture, match="At most 10 MB"):
        squared(encoded(drawn(), "PNG") + bytes(MAX_BYTES))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"GIF89a",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        encoded(drawn(), "BMP"),
        encoded(drawn(), "TIFF"),
        encoded(drawn(), "ICO"),
    ],
    ids=["nothing", "text", "stump", "svg", "postscript", "bmp", "tiff", "ico"],
)
def test_it_refuses_what_is_no_picture_of_these_kinds(data):
    with pytest.raises(BadPicture):
        squared(data)


SAMPLES = [encoded(drawn((40, 30)), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")] + [
    encoded(drawn((40, 30)), "JPEG", progressive=True)
]


@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 5000),
    st.binary(min_size=0, max_size=12),
    st.booleans(),
)
def test_it_makes_a_picture_or_says_why_not_of_any_bytes(data, at, put, cut):
    """Never another exception: a file that is broken is its sender's mistake."""
    at %= len(data)
    broken = data[:at] + put + (b"" if cut else data[at + len(put) :])
    with suppress(BadPicture):
        kept(broken)
