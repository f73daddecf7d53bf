"""What a member does is seen at once, on every instance of both services, by them and by those whom
it concerns, who have read the same pages before: with all that the site keeps, and with nothing.

What only the relay delivers is waited for, and then seen on every instance.
"""

import re
from collections.abc import Callable

import pytest
import requests

from tests.stack import Stack, wait_for
from tests.timeline_web.visitor import Visitor

PASSWORD = "secret-9"
# More than enough for nginx to ask each of three instances.
TRIES = 60


@pytest.fixture(scope="module", params=["kept", "anew"])
def installation(request, tmp_path_factory):
    """All of Twitsite; the second time without what nginx and the site keep."""
    if request.param == "kept":
        yield request.getfixturevalue("stack")
        return
    nothing_kept = {"MICROCACHE_SECONDS": "0", "KEPT_ANSWERS": "0", "RENDER_ANEW": "True"}
    throttles = {"THROTTLE_REGISTER": "", "THROTTLE_POST": ""}
    running = Stack(tmp_path_factory.mktemp("anew"), **throttles, **nothing_kept)
    running.start()
    yield running
    assert running.stop() == 0


class Member:
    """A member in a browser, and with a token at the API."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.name = name
        self.browser = Visitor(stack.site)
        self.browser.register(name, PASSWORD)
        self.browser.log_in(name, PASSWORD)
        self._api = stack.api
        self._session = requests.Session()
        login = {"username": name, "password": PASSWORD}
        token = requests.post(f"{stack.api}/tokens/", json=login, timeout=10).json()["token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def share(self, text: str) -> str:
        """Post a message on the site. Return the address of its page there."""
        self.browser.share(text)
        return re.search(rf'href="(/{self.name}/\d+)"', self.browser.page.text)[1]

    def press(self, page: str, action: str) -> None:
        """Press a button that goes to `action`, on `page`."""
        self.browser.get(page)
        assert f'"{action}"' in self.browser.page.text
        self.browser.post(action, self.browser.form("/logout").fields)

    def sees(self, path: str, holds: Callable[[str], object]) -> None:
        """Ask for a page until each instance of the site has made it; it `holds` each time."""
        self._ask(lambda: self.browser.get(path), "web", lambda page: holds(page.text))

    def gets(self, path: str, holds: Callable[[dict], object]) -> None:
        """As `sees`, with an endpoint of the API and its body."""
        url = self._api + path
        self._ask(lambda: self._session.get(url, timeout=20), "api", lambda it: holds(it.json()))

    def _ask(self, ask: Callable, service: str, holds: Callable) -> None:
        unseen = {f"{service}.{number}" for number in (1, 2, 3)}
        for _ in range(TRIES):
            answer = ask()
            assert holds(answer), (self.name, answer.url, answer.headers, answer.text)
            unseen.discard(answer.headers["X-Served-By"])
            if not unseen:
                return
        raise AssertionError(f"{unseen} did not answer {TRIES} requests")

    def reads(self, *paths: str) -> None:
        """Read these pages on every instance of the site, so that each has what it keeps of them;
        and the lists that they show on every instance of the API."""
        for path in paths:
            self.sees(path, lambda page: True)
        for path in ("/timelines/home/", "/timelines/public/", "/notifications/"):
            self.gets(f"{path}?include=head", lambda body: True)


@pytest.fixture
def author(installation, new_name):
    return Member(installation, new_name("author"))


@pytest.fixture
def reader(installation, new_name):
    return Member(installation, new_name("reader"))


@pytest.fixture
def herons(author):
    """A text that no other message has."""
    return f"Two herons of {author.name}"


def texts(body: dict) -> list[str]:
    return [message["text"] for message in body["results"]]


def says(text: str) -> Callable[[str], bool]:
    return lambda page: f">{text}</p>" in page


def says_not(text: str) -> Callable[[str], bool]:
    return lambda page: f">{text}</p>" not in page


def card(page: str, message: str) -> str:
    """Return the card of the message with this address."""
    number = message.rpartition("/")[2]
    return re.search(rf'<li [^>]*id="m{number}".*?</article>', page, re.DOTALL)[0]


def has_likes(message: str, number: int, *, mine: bool) -> Callable[[str], bool]:
    def holds(page: str) -> bool:
        like = re.search(r'<button class="act like".*?</button>', card(page, message), re.DOTALL)[0]
        return f"</span> {number}<" in like and (f"{message}/unlike" in like) == mine

    return holds


def bell(number: int) -> Callable[[str], bool]:
    """Return whether the head of a page says that so many notifications are unread."""
    unread = f", unread: </span>{number}</span>"
    return lambda page: unread in page if number else ", unread:" not in page


def test_it_shows_a_post(author, reader, herons):
    reader.press(f"/{author.name}", f"/{author.name}/follow")
    pages = ("/", "/public", f"/{author.name}")
    author.reads(*pages)
    reader.reads(*pages)
    message = author.share(herons)
    for path in (*pages, message):
        author.sees(path, says(herons))
    for path in ("/public", f"/{author.name}", message):
        reader.sees(path, says(herons))
    for path in ("/timelines/home/", f"/accounts/{author.name}/messages/"):
        author.gets(path, lambda body: texts(body) == [herons])
    wait_for(lambda: says(herons)(reader.browser.get("/").text), what="the delivery")
    reader.sees("/", says(herons))
    reader.gets("/timelines/home/", lambda body: texts(body) == [herons])


def test_it_shows_a_like_and_its_end(author, reader, herons):
    message = author.share(herons)
    pages = ("/public", f"/{author.name}", message)
    author.reads(*pages)
    reader.reads(*pages)
    for act, number in (("like", 1), ("unlike", 0)):
        reader.press(message, f"{message}/{act}")
        for path in pages:
            reader.sees(path, has_likes(message, number, mine=number == 1))
            author.sees(path, has_likes(message, number, mine=False))
        author.sees("/", bell(number))
        author.gets("/notifications/unread/", lambda body, number=number: body["count"] == number)
    author.gets("/timelines/home/", lambda body: body["results"][0]["like_count"] == 0)


def test_it_shows_a_follow_and_its_end(author, reader, herons):
    author.share(herons)
    pages = ("/", f"/{author.name}", f"/{author.name}/followers")
    author.reads(*pages)
    reader.reads(*pages)
    reader.press(f"/{author.name}", f"/{author.name}/follow")
    reader.sees("/", says(herons))
    reader.sees(f"/{author.name}", lambda page: "You are currently following" in page)
    reader.gets("/timelines/home/", lambda body: texts(body) == [herons])
    for member in (author, reader):
        member.sees(f"/{author.name}", lambda page: "Follower</a></dt><dd>1<" in page)
        member.sees(f"/{author.name}/followers", lambda page: f'href="/{reader.name}"' in page)
    author.sees("/", bell(1))
    reader.press(f"/{author.name}", f"/{author.name}/unfollow")
    reader.sees("/", says_not(herons))
    author.sees(f"/{author.name}", lambda page: "Followers</a></dt><dd>0<" in page)
    author.sees("/", bell(0))


def test_it_shows_a_mute_and_its_end(author, reader, herons):
    author.share(herons)
    reader.press(f"/{author.name}", f"/{author.name}/follow")
    pages = ("/", "/public", f"/{author.name}")
    reader.reads(*pages)
    for act, holds in (("mute", says_not), ("unmute", says)):
        reader.press(f"/{author.name}", f"/{author.name}/{act}")
        for path in ("/", "/public"):
            reader.sees(path, holds(herons))
        reader.sees(f"/{author.name}", says(herons))
        muted = act == "mute"
        reader.sees(f"/{author.name}", lambda page, muted=muted: ("have muted" in page) == muted)
        expected = [] if muted else [herons]
        reader.gets("/timelines/home/", lambda body, want=expected: texts(body) == want)


def test_it_shows_an_edit(author, reader, herons):
    message = author.share(herons)
    reader.press(f"/{author.name}", f"/{author.name}/follow")
    pages = ("/", "/public", f"/{author.name}", message)
    for member in (author, reader):
        member.reads(*pages)
    author.browser.get(f"{message}/edit")
    edited = herons.replace("Two", "Three")
    author.browser.submit(f"{message}/edit", text=edited)
    for member in (author, reader):
        for path in pages:
            member.sees(path, says(edited))
            member.sees(path, says_not(herons))
        member.gets("/timelines/home/", lambda body: texts(body) == [edited])


def test_it_hides_messages_from_who_is_blocked(author, reader, herons):
    message = author.share(herons)
    reader.press(f"/{author.name}", f"/{author.name}/follow")
    pages = ("/", "/public", f"/{author.name}", "/search?q=herons", message)
    reader.reads(*pages)
    author.reads(f"/{reader.name}")
    author.press(f"/{reader.name}", f"/{reader.name}/block")
    for path in pages:
        reader.sees(path, says_not(herons))
    reader.sees(f"/{author.name}", lambda page: "This user has blocked you" in page)
    reader.gets("/timelines/home/", lambda body: texts(body) == [])
    reader.gets(f"/accounts/{author.name}/messages/", lambda body: texts(body) == [])
    author.sees(f"/{reader.name}", lambda page: "You have blocked this user" in page)
    author.sees(f"/{author.name}", lambda page: "Followers</a></dt><dd>0<" in page)
    author.sees("/", says(herons))
