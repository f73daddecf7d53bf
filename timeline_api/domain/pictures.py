"""Pictures: what members upload, checked and made anew. Pure: no Django here.

Nothing of the file is kept but its pixels, shrunk: no place or camera that a photograph tells of,
no second file that hides behind the first.
"""

import hashlib
import io
from contextlib import suppress

from PIL import Image, ImageCms, ImageOps

# Pixels a side of what is kept: a profile shows it at 76 CSS pixels, on a screen of twice as many.
SIDE = 160
# Of the file that is taken: photographs of telephones have up to 8 MB.
MAX_BYTES = 10 * 1024 * 1024
# Of a picture once unpacked. Telephones make 12 or 24 megapixels; 25 take 100 MB of memory.
MAX_PIXELS = 25_000_000
# What every browser shows, and no more decoders than that stand open to strangers. No SVG: it is a
# program as much as a picture.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"
# Hexadecimal digits of a picture's version.
VERSION_LENGTH = 12


def _(text: str) -> str:
    """Marks a text for `make messages`: who shows it translates it."""
    return text


class BadPicture(ValueError):
    """What was sent cannot be a member's picture: `text` with `values` says why."""

    def __init__(self, text: str, **values: int) -> None:
        self.text, self.values = text, values
        super().__init__(text % values)


def squared(data: bytes) -> bytes:
    """The middle of a picture as a WebP of SIDE × SIDE pixels; of a moving one the first frame.

    Raises BadPicture for what is too large, cut short, or no JPEG, PNG, WebP or GIF.
    """
    if len(data) > MAX_BYTES:
        raise BadPicture(_("At most %(most)d MB."), most=MAX_BYTES // 1024**2)
    image = _opened(data)
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(image.width * image.height)
    try:
        small = _shrunk(image)
    except Exception as error:
        # Pillow's decoders raise whatever a stranger's bytes lead them into.
        raise BadPicture(_("The picture is damaged or cut short.")) from error
    kept = io.BytesIO()
    small.save(kept, "WEBP", quality=80, method=6)
    return kept.getvalue()


def version(picture: bytes) -> str:
    """Which picture it is, for its address: the beginning of its SHA-256."""
    return hashlib.sha256(picture).hexdigest()[:VERSION_LENGTH]


def _opened(data: bytes) -> Image.Image:
    """The picture, of which only the head is read."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception as error:
        raise BadPicture(_("This is not a JPEG, PNG, WebP or GIF picture.")) from error


def _too_large(pixels: int | None = None) -> BadPicture:
    most = MAX_PIXELS // 1_000_000
    if pixels is None:  # so many that Pillow does not even open it
        return BadPicture(_("The picture is too large: at most %(most)d megapixels."), most=most)
    return BadPicture(
        _("The picture has %(number)d megapixels; at most %(most)d."),
        number=round(pixels / 1_000_000),
        most=most,
    )


def _shrunk(image: Image.Image) -> Image.Image:
    # A JPEG is unpacked at an eighth, a quarter or half of its size, where that is enough.
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.point(lambda value: value / 256).convert("L")
    image = ImageOps.fit(_in_colour(image), (SIDE, SIDE), Image.Resampling.LANCZOS)
    # As one held the camera: the sides are alike by now.
    image = ImageOps.exif_transpose(image)
    if profile and image.mode == "RGB":
        # Without it a photograph of many a telephone would look pale. A broken profile is no loss.
        with suppress(Exception):
            image = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
            )
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    return clean


def _in_colour(image: Image.Image) -> Image.Image:
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return image.convert("RGBA" if see_through else "RGB")
