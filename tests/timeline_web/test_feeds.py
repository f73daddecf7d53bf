"""Atom feeds, the sitemap, and the meta tags of pages."""

import re
from xml.etree import ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"


def read(answer):
    assert answer.status_code == 200
    return ElementTree.fromstring(answer.content)


def test_it_has_a_members_messages_in_their_feed(new_member, visitor, site):
    member, name = new_member("author")
    member.share("One <b> & two\nsecond line #Feed")
    member.share("Three")
    answer = visitor.get(f"/{name}/feed.atom")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = read(answer)
    # RFC 4287: a feed and each of its entries have an id, a title and a date.
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for part in ("id", "title", "updated"):
            assert element.findtext(f"{ATOM}{part}")
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Three", "One <b> & two…"]
    assert entries[1].findtext(f"{ATOM}summary") == "One <b> & two\nsecond line #Feed"
    link = entries[0].find(f"{ATOM}link").get("href")
    assert link.startswith(f"{site.url}/{name}/")
    assert visitor.get(link.removeprefix(site.url)).status_code == 200


def test_it_gives_texts_to_readers_as_texts(new_member, visitor):
    """A reader renders what is declared as HTML. What nothing says is text (RFC 4287, 3.1.1)."""
    member, name = new_member("author")
    text = f"<img src=x onerror=alert(1)> & #t_{name}"
    member.share(text)
    member.get("/settings")
    member.submit("/settings", display_name="<b>Author</b>")
    for path in (f"/{name}/feed.atom", f"/tag/t_{name}/feed.atom"):
        feed = read(visitor.get(path))
        entry = feed.find(f"{ATOM}entry")
        assert entry.findtext(f"{ATOM}summary") == entry.findtext(f"{ATOM}title") == text
        assert {element.get("type", "text") for element in feed.iter()} <= {"text"}


def test_it_answers_304_for_an_unchanged_feed(new_member, visitor):
    member, name = new_member("author")
    for _ in range(2):
        tag = visitor.get(f"/{name}/feed.atom").headers["ETag"]
        again = visitor.get(f"/{name}/feed.atom", headers={"If-None-Match": tag})
        assert again.status_code == 304
        assert again.content == b""
        member.share("More")
    assert visitor.get(f"/{name}/feed.atom").headers["ETag"] != tag


def test_it_has_a_tags_messages_in_its_feed(new_member, visitor):
    member, name = new_member("author")
    member.share(f"Hello #été_{name}")
    feed = read(visitor.get(f"/tag/été_{name}/feed.atom"))
    assert [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")] == [
        f"Hello #été_{name}"
    ]


def test_it_answers_404_for_the_feed_of_nobody(visitor):
    assert visitor.get("/nobody_of_this_name/feed.atom").status_code == 404


def test_it_lists_existing_pages_in_the_sitemap(new_member, visitor, site):
    member, name = new_member("author")
    key = member.form("/logout").fields["csrfmiddlewaretoken"]
    for number in range(105):
        member.post("/add_message", {"csrfmiddlewaretoken": key, "text": f"No. {number} #map"})
    page = visitor.get("/sitemap.xml")
    assert page.headers["Cache-Control"] == "public, max-age=600"
    root = read(page)
    urls = [element.text for element in root.iter() if element.tag.endswith("loc")]
    assert f"{site.url}/public" in urls
    assert f"{site.url}/{name}" in urls
    assert sum(url.startswith(f"{site.url}/{name}/") for url in urls) == 105
    assert f"Sitemap: {site.url}/sitemap.xml" in visitor.get("/robots.txt").text
    assert visitor.get(urls[-1].removeprefix(site.url)).status_code == 200


def test_it_describes_pages_in_their_meta_tags(new_member, visitor, site):
    member, name = new_member("author")
    member.share('Say "hello" <now>')
    message = re.search(rf'href="(/{name}/\d+)"', member.get(f"/{name}").text)[1]
    page = visitor.get(f"{message}?cursor=").text
    assert f'<link rel="canonical" href="{site.url}{message}">' in page
    assert '<meta property="og:description" content="Say &quot;hello&quot; &lt;now&gt;">' in page
    assert f'type="application/atom+xml" title="Messages of {name}"' in visitor.get(f"/{name}").text


def test_it_has_a_feed_of_everybody_and_links_to_feeds(new_member, visitor):
    member, name = new_member("author")
    member.share("Newest of all #herons")
    feed = read(visitor.get("/public/feed.atom"))
    assert feed.findtext(f"{ATOM}title") == "Public timeline on Twitsite"
    assert feed.findtext(f"{ATOM}entry/{ATOM}title") == "Newest of all #herons"
    for path in ("/public", f"/{name}", "/tag/herons"):
        page = visitor.get(path).text
        assert re.search(rf'<link rel="alternate"[^>]* href="{path}/feed.atom">', page)
        assert re.search(rf'<a class="feed[^>]* href="{path}/feed.atom"', page)
