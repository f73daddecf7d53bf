"""Pictures: uploads of members, checked and re-encoded. Pure: no Django here.

Only the pixels of the file are kept, scaled down: no metadata such as place or camera, and no
second file that is hidden in it.
"""

import hashlib
import io
import threading
from contextlib import suppress

from PIL import Image, ImageCms, ImageOps

# Pixels on a side of the stored picture: a profile shows it at 76 CSS pixels, on screens with two
# pixels for each.
SIDE = 160
# Of the uploaded file: photographs of telephones have up to 8 MB.
MAX_BYTES = 10 * 1024 * 1024
# Of the decoded picture. Telephones make JPEGs of 12 or 24 megapixels, of which an eighth may be
# decoded; the other formats are decoded whole, 12 megapixels in about 100 MB of memory.
MAX_PIXELS = {"JPEG": 25_000_000}
MAX_PIXELS_DECODED_WHOLE = 12_000_000
# A process decodes one picture at a time. More at once would multiply the memory: twelve PNGs of
# 97 kB took 2.9 GB.
_turn = threading.Lock()
WAIT_SECONDS = 3
# What every browser shows; fewer decoders are a smaller surface for attacks. No SVG: it can contain
# scripts.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"
# Hexadecimal digits of a picture's version.
VERSION_LENGTH = 12


def _(text: str) -> str:
    """Mark a text for `make messages`; the view translates it."""
    return text


class BadPicture(ValueError):
    """The upload cannot be a member's picture. `text`, formatted with `values`, says why."""

    def __init__(self, text: str, **values: int) -> None:
        self.text, self.values = text, values
        super().__init__(text % values)


class Busy(Exception):
    """Others are being decoded, for longer than WAIT_SECONDS."""


def squared(data: bytes) -> bytes:
    """Return the middle of a picture as a WebP of SIDE × SIDE pixels; of an animation, the first
    frame.

    Raise BadPicture if `data` is too large, damaged, or no JPEG, PNG, WebP or GIF, and Busy.
    """
    if len(data) > MAX_BYTES:
        raise BadPicture(_("At most %(most)d MB."), most=MAX_BYTES // 1024**2)
    image = _opened(data)
    if image.width * image.height > most_pixels(image.format):
        raise _too_large(image.format, image.width * image.height)
    if not _turn.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        return _encoded(image)
    finally:
        _turn.release()


def most_pixels(kind: str | None) -> int:
    """Return how many pixels a picture of this format may have."""
    return MAX_PIXELS.get(kind or "", MAX_PIXELS_DECODED_WHOLE)


def _encoded(image: Image.Image) -> bytes:
    try:
        small = _shrunk(image)
    except Exception as error:
        # Pillow's decoders raise many kinds of exceptions for malformed files.
        raise BadPicture(_("The picture is damaged or cut short.")) from error
    kept = io.BytesIO()
    small.save(kept, "WEBP", quality=80, method=6)
    return kept.getvalue()


def version(picture: bytes) -> str:
    """Return the first VERSION_LENGTH digits of the picture's SHA-256, for its URL."""
    return hashlib.sha256(picture).hexdigest()[:VERSION_LENGTH]


def _opened(data: bytes) -> Image.Image:
    """Open the picture; only its header is read."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(None) from None
    except Exception as error:
        raise BadPicture(_("This is not a JPEG, PNG, WebP or GIF picture.")) from error


def _too_large(kind: str | None, pixels: int | None = None) -> BadPicture:
    most = most_pixels(kind) // 1_000_000
    if pixels is None:  # so many that Pillow refuses to open it
        return BadPicture(_("The picture is too large: at most %(most)d megapixels."), most=most)
    return BadPicture(
        _("The picture has %(number)d megapixels; at most %(most)d."),
        number=round(pixels / 1_000_000),
        most=most,
    )


def _shrunk(image: Image.Image) -> Image.Image:
    # Decode a JPEG at an eighth, a quarter or half of its size, where that is enough.
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.point(lambda value: value / 256).convert("L")
    image = ImageOps.fit(_in_colour(image), (SIDE, SIDE), Image.Resampling.LANCZOS)
    # Turn it as the camera was held. That cannot change the size: the sides are equal by now.
    ImageOps.exif_transpose(image, in_place=True)
    if profile and image.mode == "RGB":
        # Without it photographs of many telephones would look pale. A broken profile is ignored.
        with suppress(Exception):
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            ImageCms.profileToProfile(image, embedded, srgb, inPlace=True)
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    return clean


def _in_colour(image: Image.Image) -> Image.Image:
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return image.convert("RGBA" if see_through else "RGB")
