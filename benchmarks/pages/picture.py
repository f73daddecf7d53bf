"""The picture: bars of requests a second, ours beside the peers', as an SVG."""

from collections.abc import Iterator
from html import escape

from .measured import Measured

SIDES = {"ours": "Twitsite", "split": "split MiniTwit", "flask": "Flask's MiniTwit"}
PAGES = {
    "home, after a change": "My timeline, after a change",
    "home, unchanged": "My timeline, unchanged",
    "public, after a change": "Public, member, after a change",
    "public, unchanged": "Public, member, unchanged",
    "profile, after a change": "Profile, after a change",
    "profile, unchanged": "Profile, unchanged",
    "visitor": "Public, visitor",
    "post": "Post",
}
WIDTH, LEFT, RIGHT = 760, 220, 90
BAR, GAP, TOP = 14, 18, 64
# The ground is painted too: who shows the picture may be light where the reader's system is dark.
STYLE = """
  .ground { fill: #ffffff; }
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; } .faint { fill: #59636e; }
  .ours { fill: #1a7f37; } .split { fill: #9a6700; } .flask { fill: #57606a; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; }
    text { fill: #e6edf3; } .faint { fill: #9198a1; }
    .ours { fill: #3fb950; } .split { fill: #d29922; } .flask { fill: #8b949e; }
  }
"""


def picture(tables: dict[str, dict[str, Measured]]) -> str:
    """The SVG, or "" where no page of it was measured. Each page has a scale of its own."""
    pages = [name for name in PAGES if set(SIDES) <= set(tables.get(name, ()))]
    if not pages:
        return ""
    height = TOP + len(pages) * (len(SIDES) * BAR + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(_said(tables, pages))}</title>",
        f"<style>{STYLE}</style>",
        '<rect class="ground" width="100%" height="100%" rx="6"/>',
        '<text class="title" x="8" y="22">Requests a second, each page on its own scale</text>',
        *_legend(),
    ]
    for number, page in enumerate(pages):
        top = TOP + number * (len(SIDES) * BAR + GAP)
        lines += _group(PAGES[page], {side: tables[page][side].rate for side in SIDES}, top)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _said(tables: dict[str, dict[str, Measured]], pages: list[str]) -> str:
    """The picture in words."""
    parts = []
    for page in pages:
        rates = (f"{SIDES[side]} {tables[page][side].rate:,.0f}" for side in SIDES)
        parts.append(f"{PAGES[page]}: {', '.join(rates)}")
    return f"Requests a second. {'; '.join(parts)}."


def _legend() -> Iterator[str]:
    for number, (side, name) in enumerate(SIDES.items()):
        x = 8 + number * 150
        yield f'<rect class="{side}" x="{x}" y="34" width="12" height="12" rx="2"/>'
        yield f'<text x="{x + 18}" y="45">{escape(name)}</text>'


def _group(page: str, rates: dict[str, float], top: int) -> Iterator[str]:
    most = max(rates.values()) or 1
    yield f'<text x="8" y="{top + 1.9 * BAR:g}">{escape(page)}</text>'
    for number, (side, rate) in enumerate(rates.items()):
        y, width = top + number * BAR, max(2, (WIDTH - LEFT - RIGHT) * rate / most)
        bar = f'x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 2}"'
        yield f'<rect class="{side}" {bar} rx="2"/>'
        text = f'class="faint" x="{LEFT + width + 6:.1f}" y="{y + BAR - 3}"'
        yield f"<text {text}>{rate:,.0f}</text>"
