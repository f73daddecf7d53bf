"""Avatars of the invented members: landscapes, drawn from a few shapes."""

import io
from random import Random

from PIL import Image, ImageDraw

from ..domain import pictures

SIDE = 320
# (sky, far hills, near hills, sun)
PALETTES = [
    ("#f7d9b0", "#c9785a", "#7d3f45", "#fff3d6"),
    ("#bfe0e8", "#6fa39b", "#2f5d57", "#fffbe6"),
    ("#2c3358", "#4d4f86", "#1b1f3d", "#f3e9c6"),
    ("#f4c7c3", "#b06f8a", "#5d3a63", "#ffe9a8"),
    ("#dfe8c8", "#8fa65b", "#4b6536", "#fdf0c0"),
    ("#cfd4da", "#8a97a6", "#4a5766", "#ffffff"),
]


def landscape(random: Random) -> bytes:
    """Return a random landscape, as `pictures.squared` returns it."""
    sky, far, near, sun = random.choice(PALETTES)
    image = Image.new("RGB", (SIDE, SIDE), sky)
    draw = ImageDraw.Draw(image)
    x, y, radius = random.randint(60, 260), random.randint(60, 140), random.randint(28, 52)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), sun)
    draw.polygon(_hills(random, 170, 45), far)
    draw.polygon(_hills(random, 235, 30), near)
    if random.random() < 0.6:
        _tree(draw, random.randint(50, 270), random.randint(250, 275), far)
    file = io.BytesIO()
    image.save(file, "PNG")
    return pictures.squared(file.getvalue())


def _hills(random: Random, height: int, by: int) -> list[tuple[int, int]]:
    """Return a ridge `height` ± `by` pixels below the top, closed at the bottom."""
    steps = [(x, height + random.randint(-by, by)) for x in range(-40, SIDE + 80, 80)]
    return [(-40, SIDE), *steps, (SIDE + 80, SIDE)]


def _tree(draw: ImageDraw.ImageDraw, x: int, foot: int, colour: str) -> None:
    draw.rectangle((x - 5, foot - 70, x + 5, foot), colour)
    draw.ellipse((x - 38, foot - 140, x + 38, foot - 50), colour)
