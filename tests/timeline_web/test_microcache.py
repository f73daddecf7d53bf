"""What the site lets nginx keep for all visitors. tests/e2e has what nginx then does."""

import re

import pytest

from .visitor import Visitor

KEPT = "max-age=0, s-maxage=1, stale-while-revalidate=10"
OFFER = {"X-Microcache": "en"}


@pytest.fixture
def pages(friend):
    """The paths of pages that are the same for every visitor."""
    member, name = friend
    message = re.search(rf'href="(/{name}/\d+)"', member.get(f"/{name}").text)[1]
    lists = (f"/{name}/followers", f"/{name}/following", f"{message}/likes", f"{message}/reposts")
    found = ("/search", f"/search?q={name}", f"/search?q={name}&in=people", f"/tag/birds_{name}")
    return ["/public", "/public?cursor=", f"/{name}", message, f"{message}/history", *lists, *found]


def test_it_lets_nginx_keep_the_pages_of_visitors(pages, visitor):
    for path in pages:
        answer = visitor.get(path, headers=OFFER)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, KEPT)
        assert "csrf" not in answer.text
        assert answer.headers["X-Request-ID"] not in answer.text
        assert "Set-Cookie" not in answer.headers


def test_it_answers_browsers_as_before(pages, visitor):
    for path in pages:
        answer = visitor.get(path)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert visitor.form("/language").fields["csrfmiddlewaretoken"]


def test_it_makes_the_same_page_for_every_visitor(pages, site):
    for path in pages:
        texts = set()
        for headers in (
            {"User-Agent": "one", "X-Request-ID": "r-1", "X-Forwarded-For": "192.0.2.1"},
            {
                "User-Agent": "two",
                "X-Request-ID": "r-2",
                "Referer": f"{site.url}/x",
                "Cookie": "a=b",
            },
            {"Cookie": "twitsite_language=en", "Accept-Language": "ar", "Accept": "text/plain"},
        ):
            page = Visitor(site.url).get(path, headers=OFFER | headers)
            assert page.headers["Cache-Control"] == KEPT
            texts.add(re.sub(r">[^<]*</time>", "", page.text))
        assert len(texts) == 1


def test_it_lets_nothing_of_a_member_be_kept(friend, pages, site):
    member, _ = friend
    for path in ["/", *pages, "/notifications", "/settings", "/nobody_of_this_name"]:
        answer = member.get(path, headers=OFFER)
        assert answer.headers["Cache-Control"] == "private, no-cache"
    for cookie in ("twitsite_session=x", "twitsite_csrf=" + "x" * 32):
        answer = Visitor(site.url).get("/public", headers=OFFER | {"Cookie": cookie})
        assert answer.headers["Cache-Control"] == "private, no-cache"
    answer = visitor_with_authorization(site.url).get("/public", headers=OFFER)
    assert answer.headers["Cache-Control"] == "private, no-cache"


def visitor_with_authorization(url: str) -> Visitor:
    visitor = Visitor(url)
    visitor.session.headers["Authorization"] = "Bearer x"
    return visitor


@pytest.mark.parametrize(
    "path", ["/", "/login", "/register", "/livez", "/readyz", "/logout", "/a/b"]
)
def test_it_lets_no_form_redirect_or_health_be_kept(visitor, path):
    answer = visitor.get(path, headers=OFFER, allow_redirects=False)
    assert "s-maxage" not in answer.headers.get("Cache-Control", "")


def test_it_lets_no_page_be_kept_under_another_language(visitor):
    for offered, asked, kept in (("ar", "en", False), ("en", "ar", False), ("ar", "ar", True)):
        headers = {"X-Microcache": offered, "Accept-Language": asked}
        answer = visitor.get("/public", headers=headers)
        assert ("s-maxage" in answer.headers["Cache-Control"]) == kept


def test_it_lets_what_is_gone_be_kept_without_the_requests_id(visitor):
    answer = visitor.get("/nobody_of_this_name", headers=OFFER)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, KEPT)
    assert answer.headers["X-Request-ID"] not in answer.text
    answer = visitor.get("/nobody_of_this_name")
    assert answer.headers["X-Request-ID"] in answer.text


def test_it_lets_no_failure_be_kept(site_without_api):
    answer = Visitor(site_without_api.url).get("/public", headers=OFFER)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "private, no-cache")


def test_it_bounds_what_shared_caches_may_keep_to_a_second(friend, visitor):
    _, name = friend
    for path in (f"/{name}/feed.atom", f"/{name}/avatar", "/robots.txt", "/language/en.js"):
        as_before = visitor.get(path).headers["Cache-Control"]
        offered = visitor.get(path, headers=OFFER).headers["Cache-Control"]
        assert offered == f"{as_before}, s-maxage=1, stale-while-revalidate=10"


def test_it_accepts_the_language_form_of_its_own_pages_without_a_token(visitor, site):
    visitor.get("/public", headers=OFFER)
    fields = visitor.form("/language").fields
    assert set(fields) == {"next"}
    sent = {**fields, "language": "ar"}
    for origin in (None, "null", "https://evil.example", site.url.replace("http:", "https:")):
        headers = {"Origin": origin} if origin else {}
        assert visitor.post("/language", sent, headers=headers).status_code == 403
    visitor.post("/language", sent, headers={"Origin": site.url})
    assert visitor.path == "/public"
    assert '<html lang="ar"' in visitor.page.text


def test_it_accepts_no_other_form_without_a_token(new_member, site):
    member, name = new_member()
    for path in ("/add_message", "/logout", "/settings", f"/{name}/follow", "/login"):
        answer = member.post(path, {"text": "x"}, headers={"Origin": site.url})
        assert answer.status_code == 403
