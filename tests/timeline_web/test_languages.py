"""Languages: which one a page has, choosing one, and complete translations."""

import re
from html.parser import HTMLParser

import pytest

from .visitor import Visitor

ARABIC = re.compile("[\u0600-\u06ff]")
# Latin words of an Arabic page: names, and the other language's own name.
LATIN = {"Twitsite", "JSON", "UTC", "English", "JPEG", "PNG", "WebP", "GIF"}
NAME = re.compile("[A-Za-z_]+_[0-9]+_[0-9a-f]{6}")  # as `new_name` makes them


@pytest.fixture
def arabic_visitor(site):
    """A visitor whose browser asks for Arabic."""
    return speaking("ar", Visitor(site.url))


def speaking(language: str, visitor: Visitor) -> Visitor:
    visitor.session.headers["Accept-Language"] = language
    return visitor


def language(visitor: Visitor) -> tuple[str, str]:
    """Return the page's language and direction."""
    return re.search(r'<html lang="([^"]+)" dir="([^"]+)">', visitor.page.text).groups()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, ("en", "ltr")),
        ("en-GB", ("en", "ltr")),
        ("fr, de;q=0.7", ("en", "ltr")),
        ("ar", ("ar", "rtl")),
        ("ar-EG, en;q=0.5", ("ar", "rtl")),
        ("fr, ar;q=0.9, en;q=0.5", ("ar", "rtl")),
        ("nonsense;;", ("en", "ltr")),
    ],
)
def test_it_answers_in_the_language_that_the_browser_asks_for(visitor, asked, given):
    speaking(asked, visitor).get("/public")
    assert language(visitor) == given
    assert visitor.page.headers["Content-Language"] == given[0]
    assert visitor.page.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Language"} <= set(visitor.page.headers["Vary"].split(", "))


def test_it_keeps_a_chosen_language_and_leads_back(new_member):
    member, name = new_member()
    member.get(f"/{name}?cursor=")
    member.submit("/language", language="ar")
    assert member.page.url.endswith(f"/{name}?cursor=")
    assert language(member) == ("ar", "rtl")
    member.get("/settings")
    assert language(member) == ("ar", "rtl")
    assert cookie(member).has_nonstandard_attr("HttpOnly")
    member.submit("/language", language="en")
    assert (member.path, language(member)) == ("/settings", ("en", "ltr"))


def cookie(visitor: Visitor):
    return next(one for one in visitor.session.cookies if one.name == "twitsite_language")


def test_it_keeps_the_choice_beyond_the_session(arabic_visitor):
    arabic_visitor.get("/login")
    arabic_visitor.submit("/language", language="en")
    assert cookie(arabic_visitor).expires is not None
    assert language(arabic_visitor) == ("en", "ltr")


def test_it_leads_back_to_a_form_that_failed(visitor):
    visitor.log_in("nobody", "wrong")
    visitor.submit("/language", language="ar")
    assert (visitor.path, visitor.page.status_code) == ("/login", 200)


def test_it_leads_home_after_a_button_that_failed(new_member):
    member, name = new_member()
    member.get("/public")
    token = member.form("/logout").fields["csrfmiddlewaretoken"]
    member.post(f"/{name}/follow", {"csrfmiddlewaretoken": token})
    assert member.page.status_code == 400
    member.submit("/language", language="ar")
    assert (member.path, member.page.status_code) == ("/", 200)


@pytest.mark.parametrize("chosen", ["xx", "", "../en", "ar\0"])
def test_it_ignores_an_unknown_language(visitor, chosen):
    visitor.get("/public")
    visitor.submit("/language", language=chosen)
    assert (visitor.path, language(visitor)) == ("/public", ("en", "ltr"))


def test_it_leads_to_no_other_site_and_needs_the_csrf_token(visitor):
    visitor.get("/public")
    answer = visitor.submit(
        "/language", redirects=False, language="ar", next="https://evil.example/"
    )
    assert "evil" not in answer.headers["Location"]
    assert visitor.post("/language", {"language": "ar"}).status_code == 403
    assert visitor.get("/language").status_code == 405


def test_it_does_not_mix_the_languages_of_two_readers(new_member, site):
    member, name = new_member("author")
    member.share("Hello")
    for asked, words in [("en", "just now"), ("ar", "الآن"), ("en", "just now"), ("ar", "الآن")]:
        reader = speaking(asked, Visitor(site.url))
        reader.get(f"/{name}")
        assert f">{words}</time>" in reader.page.text
        assert ("Likes:" in reader.text) == (asked == "en")


def test_it_shows_the_apis_errors_in_the_pages_language(arabic_visitor, new_name):
    arabic_visitor.register("admin")
    assert ARABIC.search(arabic_visitor.error)
    arabic_visitor.register(new_name(), "1")
    assert ARABIC.search(arabic_visitor.error)
    name = new_name()
    arabic_visitor.register(name)
    arabic_visitor.register(name)
    assert arabic_visitor.error == "اسم المستخدم هذا محجوز لعضو آخر"
    arabic_visitor.log_in(name, "wrong")
    assert arabic_visitor.error == "اسم المستخدم أو كلمة المرور غير صحيحة"
    arabic_visitor.log_in(name)
    arabic_visitor.get("/settings/password")
    arabic_visitor.submit(
        "/settings/password", old_password="x", password="secret-10", password2="secret-10"
    )
    assert arabic_visitor.error == "كلمة المرور هذه ليست كلمة مرور الحساب."


def test_it_answers_shared_caches_in_the_language_of_the_address(new_member, arabic_visitor):
    member, name = new_member("author")
    member.share(f"Hello #tag_{name}")
    for path in (f"/{name}/feed.atom", f"/tag/tag_{name}/feed.atom"):
        english, arabic = (arabic_visitor.get(path + query) for query in ("", "?language=ar"))
        assert "on Twitsite" in english.text
        assert "على Twitsite" in arabic.text
        assert arabic_visitor.get(path + "?language=xx").text.count("on Twitsite") == 1
        for answer in (english, arabic):
            assert "public" in answer.headers["Cache-Control"]
            assert "Accept-Language" not in answer.headers.get("Vary", "")
    arabic_visitor.get(f"/{name}")
    assert f'href="/{name}/feed.atom?language=ar"' in arabic_visitor.page.text
    for path in ("/robots.txt", "/sitemap.xml"):
        assert "Accept-Language" not in arabic_visitor.get(path).headers.get("Vary", "")


def test_it_has_a_cached_file_of_script_texts_for_each_language(arabic_visitor):
    english, arabic = (arabic_visitor.get(f"/language/{code}.js") for code in ("en", "ar"))
    assert arabic_visitor.get("/public").text.count('src="/language/ar.js"') == 1
    for answer in (english, arabic):
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert "Accept-Language" not in answer.headers.get("Vary", "")
    assert "\\u0627\\u0644\\u0622\\u0646" in arabic.text  # الآن, "just now"
    again = arabic_visitor.get("/language/ar.js", headers={"If-None-Match": arabic.headers["ETag"]})
    assert again.status_code == 304
    assert arabic_visitor.get("/language/xx.js").status_code == 404


class _Words(HTMLParser):
    """The page's own words, seen or heard: neither members' texts nor code."""

    EMPTY = {"meta", "link", "input", "br", "path", "use"}
    SPOKEN = {"aria-label", "title", "placeholder", "alt"}

    def __init__(self, page: str):
        super().__init__()
        self.words: list[str] = []
        self._open: list[bool] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = {name: value or "" for name, value in attributes}
        self.words += [found[name] for name in self.SPOKEN & found.keys()]
        if tag == "meta" and found.get("name") == "description":
            self.words.append(found["content"])
        if tag not in self.EMPTY:
            names = found.get("class", "").split()
            foreign = ("dir" in found and tag != "html") or {"name", "text"} & set(names)
            self._open.append(bool(foreign) or tag in ("code", "kbd", "script", "textarea"))

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            self._open.pop()

    def handle_data(self, data):
        if not any(self._open):
            self.words.append(data)


def english_words(visitor: Visitor) -> list[str]:
    """Return the Latin words of the page that are not members' names and do not belong there."""
    words = re.findall(r"[A-Za-z][\w']*", " ".join(_Words(visitor.page.text).words))
    return [word for word in words if word not in LATIN and not NAME.fullmatch(word)]


def test_it_leaves_no_english_word_on_an_arabic_page(
    new_member, new_name, arabic_visitor, site, site_without_api
):
    member, name = new_member("author")
    other, other_name = new_member("reader")
    for who, whom in ((member, other_name), (other, name)):
        who.get(f"/{whom}")
        who.submit(f"/{whom}/follow")
    member.share(f"بلشون #tag_{name}")
    message = re.search(r'id="m(\d+)"', member.page.text)[1]
    token = other.form("/logout").fields["csrfmiddlewaretoken"]
    for path, fields in [
        (f"/{name}/{message}/like", {}),
        (f"/{name}/{message}/repost", {}),
        ("/add_message", {"text": f"أين، @{name}؟", "in_reply_to": message}),
        (f"/{name}/{message}/report", {"reason": "x"}),
    ]:
        assert other.post(path, {"csrfmiddlewaretoken": token, **fields}).ok
    speaking("ar", member)
    speaking("ar", other)
    member.get(f"/{name}/{message}/edit")
    member.submit(f"/{name}/{message}/edit", text="بط")
    member_without_api = speaking("ar", Visitor(site_without_api.url))
    member_without_api.session.cookies.update(member.session.cookies)

    found = {}

    def look(who: Visitor, path: str) -> None:
        who.get(path)
        found[path] = (language(who), english_words(who))

    for path in (
        "/public",
        "/login",
        "/register",
        f"/{name}",
        f"/{name}/{message}",
        "/no/such/page",
    ):
        look(arabic_visitor, path)
    for path in (
        *("/", "/notifications", "/search", "/search?q=بط", "/search?q=ب&in=people", "/logout"),
        *("/settings", "/settings/password", "/settings/sessions", "/settings/delete"),
        *("/settings/blocks", "/settings/mutes", f"/{name}", f"/{name}/{message}"),
        *(f"/{name}/{message}/{page}" for page in ("edit", "history", "likes", "reposts")),
        *(f"/{name}/followers", f"/{name}/following", f"/tag/tag_{name}", "/tag/لا"),
        *(f"/{other_name}", f"/search?q={'ب' * 201}"),
    ):
        look(member, path)
    look(other, f"/{name}/{message}/report")
    look(member_without_api, "/public")

    # The answers of forms and buttons.
    token = member.get("/public") and member.form("/logout").fields["csrfmiddlewaretoken"]
    for path, fields in [
        ("/add_message", {"text": ""}),
        ("/add_message", {"text": "ب" * 281}),
        ("/settings", {"email": "no", "display_name": "x" * 51}),
        ("/settings/picture", {}),
        ("/settings/picture/remove", {}),
        ("/nobody/1/report", {"reason": "لا"}),
        ("/settings/password", {"old_password": "x", "password": "1", "password2": "1"}),
        ("/settings/sessions", {"name": ""}),
        ("/settings/sessions", {"name": "نسخة"}),
        ("/settings/delete", {"password": "x"}),
        (f"/{name}/follow", {}),
        (f"/{other_name}/unfollow", {}),
        (f"/{other_name}/follow", {}),
        (f"/{other_name}/mute", {}),
        (f"/{other_name}/unmute", {}),
        (f"/{other_name}/block", {}),
        (f"/{other_name}/unblock", {}),
        (f"/{name}/{message}/edit", {"text": "x", "revision": "0"}),
        (f"/{name}/{message}/pin", {}),
        (f"/{name}/{message}/delete", {}),
    ]:
        member.post(path, {"csrfmiddlewaretoken": token, **fields})
        found[f"POST {path} {fields}"] = (language(member), english_words(member))
    for who, fields in ((member, {"text": "بط"}), (arabic_visitor, {})):
        who.post("/add_message", fields)
        found[f"POST without a token {fields}"] = (language(who), english_words(who))
    arabic_visitor.register(new_name("newcomer"))
    found["registered"] = (language(arabic_visitor), english_words(arabic_visitor))
    wrong = {page: one for page, one in found.items() if one != (("ar", "rtl"), [])}
    assert wrong == {}


def test_it_would_find_an_english_word(visitor):
    visitor.get("/login")
    assert {"Username", "Sign", "microblog", "Search"} <= set(english_words(visitor))
