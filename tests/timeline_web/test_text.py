"""Members' texts as HTML, and ages of times."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from timeline_web.templatetags.pages import ago
from timeline_web.text import Entity, linkify

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 d ago"),
        (timedelta(days=6), "6 d ago"),
        (timedelta(days=7), "17 Nov"),
        (timedelta(days=365), "24 Nov 2025"),
    ],
)
def test_it_says_how_long_ago(then, words):
    with time_machine.travel(NOW, tick=False):
        assert ago(NOW - then) == words


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("\"q\" 'r'", "&quot;q&quot; &#x27;r&#x27;"),
        ("@bob!", "@bob!"),
        ("mail bob@example.org", "mail bob@example.org"),
        ("@" + "x" * 31, "@" + "x" * 31),
        ("javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x"),
        (
            'http://a.b/"onclick="x',
            '<a href="http://a.b/" rel="nofollow noopener ugc">http://a.b/</a>'
            "&quot;onclick=&quot;x",
        ),
        (
            "(see https://a.b/c).",
            '(see <a href="https://a.b/c" rel="nofollow noopener ugc">https://a.b/c</a>).',
        ),
        ("", ""),
    ],
)
def test_it_escapes_and_links(text, html):
    assert linkify(text) == html


def test_it_links_a_malicious_text_in_linear_time():
    for text in ("http://" + "." * 50_000, "@a" * 50_000, "http://" * 20_000):
        start = datetime.now(UTC)
        linkify(text)
        assert datetime.now(UTC) - start < timedelta(seconds=1)


def test_it_links_mentions_and_tags():
    text = "@Bob & #Één https://a.b/#x"
    entities = [Entity("mention", 0, 4, "Bob"), Entity("tag", 7, 11, "één")]
    assert linkify(text, [*entities, Entity("tag", 24, 26, "x")]) == (
        '<a class="mention" href="/Bob">@Bob</a> &amp; '
        '<a class="mention" href="/tag/%C3%A9%C3%A9n" rel="tag">#Één</a> '
        '<a href="https://a.b/#x" rel="nofollow noopener ugc">https://a.b/#x</a>'
    )
