"""What nginx keeps for all visitors, for whom and for how long. Fake instances are asked."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.conf import settings
from django.test import RequestFactory
from django.utils.translation import get_language_from_request
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from .balancer import Answer, balancer

KEPT = {"Cache-Control": "max-age=0, s-maxage=1, stale-while-revalidate=10"}
LONG = {"Cache-Control": "max-age=0, s-maxage=60, stale-while-revalidate=10"}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    with balancer(tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture
def page(nginx):
    """The path of a page that nothing has asked for yet, and that nginx may keep for a second."""
    path = f"/page-{next(_numbers)}"
    nginx.answers[path] = Answer(headers=dict(KEPT))
    return path


@pytest.fixture
def long_page(nginx, page):
    """The same for a minute: the tests with it are not about time."""
    nginx.answers[page].headers = dict(LONG)
    return page


def get(nginx, path: str, method: str = "GET", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    # No header that requests would add: each of these is about one of them.
    with requests.Session() as session:
        session.headers.clear()
        return session.request(
            method, nginx.site + path, headers=named, timeout=10, allow_redirects=False
        )


def times_asked(nginx, path: str) -> int:
    return sum(asked.partition("?")[0] == path for _, asked in nginx.asked)


def test_it_answers_from_the_cache(nginx, long_page):
    first, second = get(nginx, long_page), get(nginx, long_page)
    assert times_asked(nginx, long_page) == 1
    assert first.text == second.text


def test_it_shows_no_page_older_than_two_seconds_to_the_first_who_comes(nginx, page):
    for _ in range(2):
        before = get(nginx, page).json()["number"]
        time.sleep(2.1)
        assert get(nginx, page).json()["number"] > before


def test_it_tells_the_truth_about_each_answer(nginx, long_page):
    nginx.answers[long_page].headers |= {"X-Request-ID": "r-1", "X-Served-By": "web.2"}
    first = get(nginx, long_page, X_Request_ID="r-1")
    second = get(nginx, long_page, X_Request_ID="r-2")
    third = get(nginx, long_page)
    assert (first.headers["X-Request-ID"], first.headers["X-Served-By"]) == ("r-1", "web.2")
    assert (second.headers["X-Request-ID"], second.headers["X-Served-By"]) == ("r-2", "cache")
    assert third.headers["X-Request-ID"] not in ("r-1", "r-2")
    assert third.headers["X-Served-By"] == "cache"
    assert times_asked(nginx, long_page) == 1


@pytest.mark.parametrize(
    ("sent", "given"),
    [
        ("max-age=0, s-maxage=1, stale-while-revalidate=10", "private, no-cache"),
        ("public, max-age=60, s-maxage=1, stale-while-revalidate=10", "public, max-age=60"),
        ("private, no-cache", "private, no-cache"),
        ("no-store", "no-store"),
        (None, None),
    ],
)
def test_it_lets_no_browser_show_a_page_without_asking(nginx, page, sent, given):
    nginx.answers[page] = Answer(headers={"Cache-Control": sent} if sent else {})
    for method in ("GET", "GET", "HEAD", "POST"):
        assert get(nginx, page, method).headers.get("Cache-Control") == given


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "twitsite_session=x"},
        {"Cookie": "twitsite_csrf=x"},
        {"Cookie": "a=b; twitsite_session=x; c=d"},
        {"Cookie": "TWITSITE_SESSION=x"},
        {"Cookie": "twitsite_language=en; twitsite_session=x"},
        {"Cookie": "twitsite_csrf=x; twitsite_language=en"},
        {"Cookie": "twitsite_language=xx"},
        {"Cookie": "twitsite_language=ar-EG"},
        {"Cookie": 'twitsite_language="en"'},
        {"Cookie": "twitsite_language=en; twitsite_language=ar"},
        {"Cookie": "twitsite_session"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic eDp5"},
    ],
)
def test_it_asks_the_site_for_whoever_may_see_another_page(nginx, long_page, headers):
    get(nginx, long_page)
    for _ in range(2):
        seen = get(nginx, long_page, **headers).json()
        assert "X-Microcache" not in seen
    assert times_asked(nginx, long_page) == 3
    assert get(nginx, long_page).json()["number"] < seen["number"]  # theirs was not kept


def test_it_takes_no_offer_from_a_client(nginx, page):
    seen = get(nginx, page, Cookie="twitsite_session=x", X_Microcache="en").json()
    assert "X-Microcache" not in seen
    assert get(nginx, page, X_Microcache="ar").json()["X-Microcache"] == "en"


def test_it_ignores_the_cookies_of_others(nginx, long_page):
    cookies = ("", "_ga=GA1.2.3; _gid=x", "csrftoken=x; sessionid=y; messages=z", 'a="; b=c', "=")
    texts = {get(nginx, long_page, Cookie=cookie).text for cookie in cookies}
    assert len(texts) == 1
    assert times_asked(nginx, long_page) == 1


def test_it_keeps_each_language_for_itself(nginx, long_page):
    for _ in range(2):
        for headers, language in (
            ({}, "en"),
            ({"Accept-Language": "ar"}, "ar"),
            ({"Cookie": "x=y; twitsite_language=ar"}, "ar"),
            ({"Cookie": "twitsite_language=en", "Accept-Language": "ar"}, "en"),
        ):
            assert get(nginx, long_page, **headers).json()["X-Microcache"] == language


def test_it_leaves_to_the_site_what_takes_sorting(nginx, page):
    for _ in range(2):
        seen = get(nginx, page, Accept_Language="fr, ar;q=0.5").json()
        assert "X-Microcache" not in seen
    assert times_asked(nginx, page) == 2


TAGS = ["en-GB", "ar-EG", "AR", "fr", "x-ar", "art", "ar-xxxxxxxxx", "*", "a r", "", "é"]
TAGS += [code for code, _ in settings.LANGUAGES]
QUALITIES = ["", "", ";q=0.5", ";q=1", "; q=0.9", ";q=0", ";q=2", ";q", ";;", " "]
ENTRIES = st.tuples(st.sampled_from(TAGS), st.sampled_from(QUALITIES)).map("".join)
HEADERS = st.tuples(st.lists(ENTRIES, max_size=4), st.sampled_from([",", ", ", " , ", ";", "\t,"]))


@given(HEADERS.map(lambda drawn: drawn[1].join(drawn[0]).strip()))
@examples(max_examples=300, deadline=None)
def test_it_chooses_no_other_language_than_django(nginx, header):
    seen = get(nginx, "/any", Accept_Language=header.encode()).json()
    chosen = seen.get("X-Microcache")
    request = RequestFactory().get("/", HTTP_ACCEPT_LANGUAGE=header.encode().decode("latin-1"))
    assert chosen in (None, get_language_from_request(request))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("en-US,en;q=0.9", "en"),
        ("en-US,en;q=0.9,ar;q=0.8", "en"),
        ("de-CH,de;q=0.9,en-US;q=0.8,en;q=0.7", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("ar", "ar"),
        ("ar-EG,ar;q=0.9,en-US;q=0.8,en;q=0.7", "ar"),
        ("ar,en-US;q=0.7,en;q=0.3", "ar"),
    ],
)
def test_it_knows_what_browsers_ask_for(nginx, header, language):
    headers = {"Accept_Language": header} if header else {}
    assert get(nginx, "/any", **headers).json()["X-Microcache"] == language


def test_it_keeps_an_address_for_each_host_scheme_and_query(nginx, long_page):
    https = {"X-Forwarded-Proto": "https"}  # believed, as this machine is a trusted proxy
    for _ in range(2):
        get(nginx, long_page)
        get(nginx, f"{long_page}?cursor=1")
        get(nginx, f"{long_page}?cursor=2")
        get(nginx, long_page, Host="example.org")
        get(nginx, long_page, **https)
    assert times_asked(nginx, long_page) == 5


def test_it_never_keeps_a_cookie(nginx, page):
    nginx.answers[page].headers["Set-Cookie"] = "twitsite_csrf=secret"
    for _ in range(2):
        assert get(nginx, page).headers["Set-Cookie"] == "twitsite_csrf=secret"
    assert times_asked(nginx, page) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_it_keeps_no_answer_to_a_write(nginx, page, method):
    get(nginx, page)
    get(nginx, page, method)
    get(nginx, page, method)
    assert times_asked(nginx, page) == 3


def test_it_answers_head_from_the_same_page(nginx, long_page):
    heads = [get(nginx, long_page, "HEAD") for _ in range(2)]
    whole = get(nginx, long_page)
    assert times_asked(nginx, long_page) == 1
    for head in heads:
        assert head.content == b""
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]


@pytest.mark.parametrize("headers", [{}, {"Cache-Control": "private, no-cache"}])
@pytest.mark.parametrize("status", [200, 302, 404, 500, 503])
def test_it_keeps_nothing_that_the_site_does_not_mark(nginx, page, status, headers):
    nginx.answers[page] = Answer(status, headers)
    for _ in range(2):
        assert get(nginx, page).status_code == status
    assert times_asked(nginx, page) == 2


def test_it_fetches_a_page_once_for_all_who_wait_for_it(nginx, long_page):
    nginx.answers[long_page].delay = 0.3
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: get(nginx, long_page), range(8)))
    assert times_asked(nginx, long_page) == 1
    assert len({each.text for each in pages}) == 1


def test_it_shows_the_page_before_while_one_request_fetches_the_next(nginx, page):
    before = get(nginx, page).json()["number"]
    time.sleep(2.1)
    nginx.answers[page].delay = 3
    with ThreadPoolExecutor(8) as pool:
        filler = pool.submit(get, nginx, page)
        time.sleep(0.3)
        others = list(pool.map(lambda _: get(nginx, page), range(7)))
        assert not filler.done()
    assert {each.json()["number"] for each in others} == {before}
    assert filler.result().json()["number"] > before
    assert times_asked(nginx, page) == 2


def test_it_shows_the_last_page_while_no_instance_answers(nginx, page):
    before = get(nginx, page)
    time.sleep(2.1)
    with nginx.without_instances():
        shown = get(nginx, page)
        assert shown.text == before.text
        assert shown.headers["X-Served-By"] == "cache"
        assert get(nginx, page, Cookie="twitsite_session=x").status_code == 503
        assert get(nginx, f"{page}?never=seen").status_code == 503
    assert get(nginx, page).text != before.text


@pytest.mark.parametrize("status", [404, 410, 500, 503, 302])
def test_it_shows_no_page_that_has_become_another_status(nginx, page, status):
    get(nginx, page)
    nginx.answers[page] = Answer(status, dict(KEPT) if status in (404, 410) else {})
    # Three in a row: nginx keeps the page before until a moment after it has passed on the new one.
    seen, deadline = [], time.monotonic() + 20
    while seen[-3:] != [status] * 3 and time.monotonic() < deadline:
        seen.append(get(nginx, page).status_code)
        time.sleep(0.1)
    assert seen[-3:] == [status] * 3


def test_it_passes_over_the_site_with_no_seconds(tmp_path):
    with balancer(tmp_path, MICROCACHE_SECONDS="0") as nginx:
        nginx.answers["/page"] = Answer(headers=dict(KEPT))
        for _ in range(3):
            assert "X-Microcache" not in get(nginx, "/page").json()
        assert times_asked(nginx, "/page") == 3


def test_it_begins_with_an_empty_cache(tmp_path):
    kept = tmp_path / "var" / "run" / "nginx-cache" / "old"
    kept.parent.mkdir(parents=True)
    kept.touch()
    with balancer(tmp_path):
        assert not kept.exists()
