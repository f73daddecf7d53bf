"""Pages and their parts that are kept: the same as without, and nobody's in another's page."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from .servers import ROOT, environment
from .visitor import Visitor


@pytest.fixture
def run(var_dir, collected):
    """A function that runs Python with the site's settings, and returns what it prints."""
    return partial(_run, var_dir)


def _run(var_dir: Path, *arguments: str, **variables: str) -> str:
    env = environment("twitsite.settings.web", var_dir, **variables)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("anew", ["False", "True"])
def test_it_makes_the_same_pages_as_their_templates(run, anew):
    run("-m", "tests.timeline_web.both_ways", RENDER_ANEW=anew)


@pytest.mark.parametrize(("anew", "found"), [("False", "1"), ("True", "0")])
def test_it_keeps_nothing_if_it_is_told_to(run, anew, found):
    code = (
        "import django; django.setup();"
        "from timeline_web.fragments import _rendered, fragment;"
        "fragment('_pager', {}); fragment('_pager', {});"
        "print(_rendered.cache_info().hits)"
    )
    assert run("-c", code, RENDER_ANEW=anew).strip() == found


def test_it_fills_slots_with_escaped_text_and_keeps_languages_apart(run):
    code = (
        "import django; django.setup();"
        "from django.utils import translation;"
        "from timeline_web.fragments import fragment;"
        "print(fragment('_act', {'csrf_token': '<', 'next': '\"&'}));"
        "translation.activate('ar'); print(fragment('_pager', {'older_query': 'a&b'}))"
    )
    act, pager = run("-c", code).split("\n", 1)
    assert 'value="&lt;"' in act
    assert 'value="&quot;&amp;"' in act
    assert 'href="?a&amp;b"' in pager
    assert "Older" not in pager


def test_it_shows_every_reader_their_own_page(new_member, site):
    readers = [*(new_member("reader") for _ in range(3)), (Visitor(site.url), "")]
    names = {name for _, name in readers if name}
    for number, (reader, name) in enumerate(readers):
        if name:
            reader.session.cookies.set("twitsite_language", ("en", "ar")[number % 2])

    def look(number: int) -> None:
        reader, name = readers[number % len(readers)]
        for path in ("/public", f"/{sorted(names)[0]}", "/"):
            page = reader.get(path).text
            header = page.partition("</header>")[0].partition("<header")[2]
            assert {other for other in names if other in header} == ({name} if name else set())
            assert ('action="/logout"' in page) == bool(name)
            assert not re.search(r"[0-9a-f]{32}(hole|csrf_token|next|key|text)", page)

    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:  # a thread for each reader
            list(pool.map(look, range(len(readers))))


def test_it_gives_every_page_a_token_that_works(new_member):
    member, name = new_member()
    tokens = set()
    for text in ("one", "two"):
        member.get("/")
        fields = member.form("/add_message").fields
        assert member.form("/logout").fields["csrfmiddlewaretoken"] == fields["csrfmiddlewaretoken"]
        tokens.add(fields["csrfmiddlewaretoken"])
        member.submit("/add_message", text=text)
        assert member.flashes == ["Your message was recorded"]
    assert len(tokens) == 2
    member.get(f"/{name}")
    assert member.flashes == []
    assert member.messages == ["two", "one"]


def test_it_shows_a_message_as_it_is_now(new_member):
    author, name = new_member("author")
    reader, _ = new_member("reader")
    author.share("First")
    message = re.search(rf'href="(/{name}/\d+)"', author.page.text)[1]
    likes = r'class="act like".*?</span> (\d+)'
    for expected in ("0", "1", "0"):
        reader.get(f"/{name}")
        assert re.search(likes, reader.page.text)[1] == expected
        action = f"{message}/{'like' if expected == '0' else 'unlike'}"
        reader.post(action, reader.form("/logout").fields)
    author.get(f"{message}/edit")
    author.submit(f"{message}/edit", text="Second")
    reader.get(f"/{name}")
    assert reader.messages == ["Second"]
    author.get("/settings")
    author.submit("/settings", display_name="New name")
    reader.get(f"/{name}")
    assert reader.page.text.count("New name") >= 3
