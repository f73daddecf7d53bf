"""Visitors' pages, which nginx keeps for a second, through all processes."""

import itertools
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.stack import wait_for
from tests.timeline_web.visitor import Visitor


@pytest.fixture
def author(stack, new_name):
    """A member who has posted "One": their Visitor and name."""
    member, name = Visitor(stack.site), new_name("author")
    member.register(name)
    member.log_in(name)
    member.share("One")
    return member, name


def read(stack, path: str, **headers: str) -> requests.Response:
    """Return a page as a visitor without cookies gets it."""
    return requests.get(
        stack.site + path, headers={"User-Agent": "x", **headers}, timeout=20, allow_redirects=False
    )


def test_it_shows_a_visitor_a_new_message_within_two_seconds(stack, author):
    member, name = author
    for path in ("/public", f"/{name}"):
        assert ">One<" in read(stack, path).text
        member.share(f"Two for {path}")
        time.sleep(2.1)
        assert f">Two for {path}<" in read(stack, path).text


def test_it_shows_a_member_their_own_message_at_once(stack, author):
    member, name = author
    for number in range(5):
        read(stack, f"/{name}")
        member.share(f"Number {number}")
        member.get(f"/{name}")
        assert member.messages[0] == f"Number {number}"
        assert "This is you!" in member.text


def test_it_never_mixes_members_and_visitors(stack, author):
    member, name = author
    paths = ["/public", f"/{name}", f"/{name}/followers", "/search?q=One", "/login", "/no/page"]

    def look(number: int) -> None:
        path = random.Random(number).choice(paths)
        if number % 2:
            page = read(stack, path).text
            assert 'href="/login"' in page
            assert "/logout" not in page
        else:
            session = requests.Session()
            session.cookies.update(member.session.cookies)
            page = session.get(stack.site + path, timeout=20)
            assert 'action="/logout"' in page.text
            assert page.headers["X-Served-By"] != "cache"
        assert "no-cache" in read(stack, path).headers["Cache-Control"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(80)))


def test_it_never_mixes_two_languages(stack, author):
    _, name = author
    readers = {
        "en": [{}, {"Accept-Language": "en-GB"}, {"Cookie": "twitsite_language=en; _ga=1"}],
        "ar": [
            {"Accept-Language": "ar"},
            {"Accept-Language": "fr, ar;q=0.5"},
            {"Cookie": "twitsite_language=ar", "Accept-Language": "en"},
        ],
    }
    for _ in range(3):
        for language, path in itertools.product(readers, ("/public", f"/{name}", "/nobody_here")):
            for headers in readers[language]:
                page = read(stack, path, **headers)
                assert f'<html lang="{language}"' in page.text
                assert page.headers["Content-Language"] == language


def test_it_puts_no_secret_and_no_request_of_another_on_a_kept_page(stack, author):
    _, name = author
    message = re.search(rf'href="(/{name}/\d+)"', read(stack, f"/{name}").text)[1]
    for path in ("/public", f"/{name}", message, "/search?q=One", "/nobody_of_this_name"):
        pages = [read(stack, path, **{"X-Request-ID": f"id-{n}"}) for n in range(6)]
        assert any(page.headers["X-Served-By"] == "cache" for page in pages)
        for number, page in enumerate(pages):
            assert "csrfmiddlewaretoken" not in page.text
            assert "Set-Cookie" not in page.headers
            assert "id-" not in re.sub('id="|id-hint', "", page.text)
            assert page.headers["X-Request-ID"] == f"id-{number}"


def test_it_lets_a_visitor_sign_in_and_choose_a_language_from_a_kept_page(stack, author):
    _, name = author
    for _ in range(2):
        read(stack, f"/{name}")
    visitor = Visitor(stack.site)
    visitor.get(f"/{name}")
    form = visitor.form("/language")
    assert "csrfmiddlewaretoken" not in form.fields
    visitor.post("/language", {**form.fields, "language": "ar"}, headers={"Origin": stack.site})
    assert visitor.path == f"/{name}"
    assert '<html lang="ar"' in visitor.page.text
    visitor.log_in(name)
    assert visitor.path == "/"
    visitor.get(f"/{name}")
    assert 'action="/logout"' in visitor.page.text
    visitor.get("/")
    visitor.submit("/logout")
    assert len(visitor.flashes) == 1
    visitor.get("/public")
    assert visitor.flashes == []


def test_it_forgets_a_deleted_message_within_two_seconds(stack, author):
    member, name = author
    message = re.search(rf'href="(/{name}/\d+)"', member.page.text)[1]
    assert read(stack, message).status_code == 200
    member.get(f"{message}/edit")
    member.submit(f"{message}/delete")
    time.sleep(2.1)
    assert [read(stack, message).status_code for _ in range(3)] == [404] * 3
    assert ">One<" not in read(stack, f"/{name}").text


def test_it_keeps_feeds_and_pictures_for_a_second_too(stack, author):
    member, name = author
    for path in (f"/{name}/feed.atom", f"/{name}/avatar", "/sitemap.xml", "/robots.txt"):
        pages = [read(stack, path) for _ in range(4)]
        assert "cache" in {page.headers["X-Served-By"] for page in pages}
        assert {page.headers["Cache-Control"].partition(",")[0] for page in pages} == {"public"}
        assert "s-maxage" not in pages[0].headers["Cache-Control"]
    tag = read(stack, f"/{name}/feed.atom").headers["ETag"]
    again = read(stack, f"/{name}/feed.atom", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    member.share("Two")
    time.sleep(2.1)
    assert "Two" in read(stack, f"/{name}/feed.atom", **{"If-None-Match": tag}).text


def test_it_shows_visitors_the_last_page_while_the_site_restarts(stack, author):
    _, name = author
    before = wait_for(lambda: read(stack, f"/{name}"), what="a page")
    stack.supervisorctl("stop", "web:*")
    try:
        shown = read(stack, f"/{name}")
        assert (shown.status_code, shown.text) == (200, before.text)
    finally:
        stack.supervisorctl("start", "web:*")
        for port in stack.environment["WEB_INSTANCE_PORTS"].split(","):
            wait_for(lambda port=port: is_live(port), what=f"the instance at {port}")


def is_live(port: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/livez", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False
