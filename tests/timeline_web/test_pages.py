"""The pages of the site for visitors and members."""

import re

import pytest

from .visitor import Visitor


def test_it_sends_a_visitor_from_home_to_the_public_timeline(visitor):
    answer = visitor.get("/", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/public")


@pytest.mark.parametrize("path", ["/public", "/login", "/register"])
def test_it_shows_a_visitor(visitor, path):
    visitor.get(path)
    assert visitor.page.status_code == 200
    assert "Sign in" in visitor.text
    assert "Sign up" in visitor.text


def test_it_tells_a_new_member_what_to_do_next(new_member):
    member, name = new_member()
    assert "There's no message here so far" in member.text
    assert f"What's on your mind, {name}?" in member.text
    member.get(f"/{name}")
    assert "This is you!" in member.text
    assert "There's no message here so far" in member.text


def test_it_shows_the_counts_of_a_profile(new_member, visitor):
    member, name = new_member("carla")
    member.share("one")
    member.share("two")
    visitor.get(f"/{name.upper()}")
    assert visitor.page.status_code == 200
    assert re.findall(r"<dt>(?:<a[^>]+>)?(\w+)(?:</a>)?</dt><dd>(\d+)</dd>", visitor.page.text) == [
        ("Messages", "2"),
        ("Followers", "0"),
        ("Following", "0"),
    ]
    assert visitor.messages == ["two", "one"]
    assert "Sign in to follow" in visitor.text


def test_it_pages_by_thirty(new_member):
    member, name = new_member("author")
    for number in range(35):
        member.post(
            "/add_message",
            {
                "csrfmiddlewaretoken": member.form("/logout").fields["csrfmiddlewaretoken"],
                "text": f"number {number}",
            },
        )
    for path in ("/", f"/{name}", "/public"):
        member.get(path)
        assert member.messages[:30] == [f"number {n}" for n in range(34, 4, -1)]
        assert "Newer" not in member.text
        member.get(path + _link(member, "older"))
        assert member.messages[:5] == [f"number {n}" for n in range(4, -1, -1)]
        member.get(path + _link(member, "newer"))
        assert member.messages[:30] == [f"number {n}" for n in range(34, 4, -1)]


def _link(visitor: Visitor, direction: str) -> str:
    found = re.search(rf'class="button plain {direction}"[^>]*href="([^"]+)"', visitor.page.text)
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("path", ["/public", "/", "/{name}"])
@pytest.mark.parametrize("cursor", ["nonsense", "%00", "%F0%9F%98%80", "A" * 2000])
def test_it_answers_404_to_an_invalid_cursor(new_member, path, cursor):
    member, name = new_member()
    member.get(f"{path.format(name=name)}?cursor={cursor}")
    assert member.page.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/nobody_of_this_name",
        "/public/",
        "/a/b/c",
        "/%00",
        "/..%2f",
        "/" + "x" * 31,
        "/" + "x" * 3000,
        "/%ff%fe",
        "/ünï",
        "/wp-login.php",
    ],
)
def test_it_shows_a_404_page_for_what_does_not_exist(visitor, path):
    visitor.get(path)
    assert visitor.page.status_code == 404
    assert "Nothing here" in visitor.text
    assert "/public" in visitor.page.text


@pytest.mark.parametrize("path", ["/add_message", "/logout", "/bob/follow", "/bob/unfollow"])
def test_it_answers_405_to_a_get_of_a_button(visitor, new_member, path):
    for who in (visitor, new_member()[0]):
        who.get(path)
        assert (who.page.status_code, who.page.headers["Allow"]) == (405, "POST")


def test_it_answers_405_to_a_post_to_a_page(new_member):
    member, name = new_member()
    token = member.form("/logout").fields["csrfmiddlewaretoken"]
    for path in ("/", "/public", f"/{name}"):
        member.post(path, {"csrfmiddlewaretoken": token})
        assert (member.page.status_code, member.page.headers["Allow"]) == (405, "GET, HEAD")


def test_it_links_addresses_and_names_in_messages(new_member):
    member, name = new_member()
    member.share(f"See https://example.org/?a=1&b=<2>, @{name}. Not javascript:alert(1)")
    page = member.page.text
    assert (
        '<a href="https://example.org/?a=1&amp;b=" rel="nofollow noopener ugc">'
        "https://example.org/?a=1&amp;b=</a>&lt;2&gt;," in page
    )
    assert f'<a class="mention" href="/{name}">@{name}</a>. Not javascript:alert(1)' in page


def test_it_says_when_in_words_and_exactly(new_member):
    member, _ = new_member()
    member.share("Now")
    found = re.search(
        r'<time datetime="([^"]+)" title="[^"]+ UTC">([^<]+)</time>', member.page.text
    )
    assert found[2] == "just now"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", found[1])


def test_it_has_what_machines_ask_for(visitor):
    assert visitor.get("/livez").json() == {"status": "alive"}
    assert visitor.get("/readyz").json() == {"status": "ready", "api": "ok"}
    assert "User-agent: *" in visitor.get("/robots.txt").text
    icon = visitor.get("/favicon.ico")
    assert icon.status_code == 200
    assert icon.content[:4] == b"\x00\x00\x01\x00"


def test_it_serves_style_and_script_to_be_cached_for_ever(visitor):
    page = visitor.get("/public").text
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    assert {path.rpartition(".")[2] for path in files} == {"css", "js", "svg"}
    for path in files:
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        if path.endswith(".js"):
            assert len(answer.content) < 6000


def test_it_has_no_inline_script_or_style_and_asks_no_other_site(new_member):
    member, name = new_member()
    member.share("x")
    for path in ("/", "/public", f"/{name}", "/nobody_here"):
        page = member.get(path).text
        assert not re.search(r"<style|style=|<script(?! src=)| on\w+=", page)
        asked = re.sub(r'<link rel="canonical"[^>]*>', "", page)
        assert not re.search(r'(?:src|action|<link[^>]*href)="(?:https?:)?//', asked)
        policy = member.page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/public", "/login", "/nobody_here", "/livez", "/add_message"])
def test_it_sends_its_ids_with_every_answer(visitor, path):
    answer = visitor.get(path)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["X-Request-ID"])
    assert answer.headers["X-Served-By"] == "web.1"


def test_it_keeps_a_valid_request_id_and_replaces_an_invalid_one(visitor):
    kept = visitor.get("/public", headers={"X-Request-ID": "from-afar.1_2"})
    assert kept.headers["X-Request-ID"] == "from-afar.1_2"
    for unsound in ("x" * 65, "a b", 'a"b', "ü".encode("latin-1")):
        answer = visitor.get("/public", headers={"X-Request-ID": unsound})
        assert answer.headers["X-Request-ID"] != unsound
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_it_lets_no_shared_cache_keep_a_page(new_member):
    member, _ = new_member()
    assert member.page.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in member.page.headers["Vary"]


def test_it_shows_the_pinned_message_first(new_member):
    member, name = new_member()
    for text in ("Pinned one", "Newer"):
        member.share(text)
    paths = re.findall(rf'href="(/{name}/\d+)#reply"', member.page.text)
    member.get(paths[1])
    member.post(f"{paths[1]}/pin", member.form("").fields)
    member.get(f"/{name}")
    assert member.messages == ["Pinned one", "Newer", "Pinned one"]
