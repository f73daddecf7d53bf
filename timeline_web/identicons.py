"""Identicons: avatars drawn from the username alone, as SVG.

No request leaves the site for them. Pure: imports no Django.
"""

import colorsys
from hashlib import blake2b

# Squares per side. The right half mirrors the left, so that the pattern looks like a face.
SIDE = 5


def svg(username: str) -> str:
    """Return the identicon of `username`, in any case, as an <svg> element.

    Its colours are attributes, not styles, so that a strict Content-Security-Policy allows it.
    """
    digest = blake2b(username.casefold().encode(), digest_size=8).digest()
    hue = int.from_bytes(digest[:2], "big") / 65536
    bits = int.from_bytes(digest[2:6], "big")
    bars = "".join(f"M{x} {y}h{width}v1h-{width}" for x, y, width in _bars(_filled(bits)))
    back, front = _colour(hue, 0.88, 0.42), _colour(hue, 0.36, 0.48)
    return (
        f'<svg class="avatar" viewBox="-1 -1 {SIDE + 2} {SIDE + 2}" aria-hidden="true">'
        f'<path fill="{back}" d="M-1-1h7v7h-7z"/>'
        f'<path fill="{front}" shape-rendering="crispEdges" d="{bars}"/></svg>'
    )


def svg_document(username: str) -> str:
    """Return the same picture as a file."""
    return svg(username).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def _filled(bits: int) -> list[tuple[int, int]]:
    """Return the squares (x, y) that the lowest bits of `bits` fill, and their mirror images."""
    half = SIDE // 2 + 1
    left = [(i % half, i // half) for i in range(half * SIDE) if bits >> i & 1] or [(2, 2)]
    return left + [(SIDE - 1 - x, y) for x, y in left if x < SIDE // 2]


def _bars(squares: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Merge the squares into bars (x, y, width): a page shows thirty avatars."""
    bars: list[tuple[int, int, int]] = []
    for x, y in sorted(set(squares), key=lambda square: square[::-1]):
        if bars and bars[-1][1] == y and bars[-1][0] + bars[-1][2] == x:
            bars[-1] = (*bars[-1][:2], bars[-1][2] + 1)
        else:
            bars.append((x, y, 1))
    return bars


def _colour(hue: float, lightness: float, saturation: float) -> str:
    rgb = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)
