"""Three instances of each service behind one address, and what happens when they die."""

import os
import signal
import threading
import uuid

import pytest
import requests

from tests.stack import wait_for
from tests.timeline_web.visitor import Visitor


def served_by(url: str) -> str:
    return requests.get(url, timeout=10).headers["X-Served-By"]


@pytest.mark.parametrize("service", ["web", "api"])
def test_it_answers_from_all_three_instances(stack, service):
    url = {"web": f"{stack.site}/login", "api": f"{stack.api}/"}[service]
    assert {served_by(url) for _ in range(12)} == {f"{service}.{number}" for number in (1, 2, 3)}


@pytest.mark.parametrize("path", ["/", "/public", "/nobody_of_this_name", "/login", "/livez"])
def test_it_returns_the_request_id_that_was_sent(stack, path):
    sent = uuid.uuid4().hex
    for base in (stack.site, stack.api_root):
        answer = requests.get(
            base + path, headers={"X-Request-ID": sent}, allow_redirects=False, timeout=10
        )
        assert answer.headers["X-Request-ID"] == sent
        assert answer.headers["X-Served-By"]


def test_it_shows_the_metrics_of_all_instances_at_one_address(stack):
    text = requests.get(f"{stack.api_root}/metrics", timeout=10).text
    for name in (f"{service}.{number}" for service in ("api", "web") for number in (1, 2, 3)):
        assert f'twitsite_instance_up{{process="{name}"}} 1.0' in text
    for number in (1, 2, 3):
        assert f'twitsite_api_requests_total{{method="GET",process="api.{number}"' in text


def test_it_replaces_an_invalid_request_id(stack):
    answer = requests.get(stack.api_root, headers={"X-Request-ID": "<b> x"}, timeout=10)
    assert answer.headers["X-Request-ID"].isalnum()


def test_it_links_to_the_address_of_the_request(stack, join):
    name, member = join()
    account = member.get(f"{stack.api}/accounts/{name}/", timeout=10).json()
    assert account["url"] == f"{stack.api}/accounts/{name}/"


class Readers:
    """Threads that request URLs until the block ends. `failures` has each answer but 200."""

    def __init__(self, *urls: str) -> None:
        self.failures: list[str] = []
        self.answers = 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(url,)) for url in urls]

    def _read(self, url: str) -> None:
        with requests.Session() as session:
            while not self._done.is_set():
                try:
                    answer = session.get(url, timeout=20)
                except requests.exceptions.ChunkedEncodingError:
                    # Killed between head and body of an answer: nginx has sent the head already, so
                    # only the client can repeat the request.
                    continue
                except requests.RequestException as error:
                    self.failures.append(repr(error))
                    continue
                self.answers += 1
                if answer.status_code != 200:
                    self.failures.append(f"{answer.status_code} {answer.text[:200]}")

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def wait_until_back(stack, name: str, killed: int) -> None:
    """Wait until the instance `name`, whose process `killed` was, answers again."""
    wait_for(lambda: stack.pid(name) not in (0, killed), what=name)
    url = {"api": f"{stack.api}/", "web": f"{stack.site}/login"}[name[:3]]
    wait_for(lambda: served_by(url) == name, what=f"{name} is back")


def test_it_fails_no_request_while_an_instance_of_each_service_is_killed(stack):
    names = ("api.2", "web.3")
    old = {name: stack.pid(name) for name in names}
    urls = [f"{stack.site}/public", f"{stack.api}/timelines/public/"] * 2
    with Readers(*urls) as readers:
        for name in names:
            os.kill(old[name], signal.SIGKILL)
        for name in names:
            wait_until_back(stack, name, old[name])
    assert readers.failures == []
    assert readers.answers > 20


def test_it_keeps_a_member_logged_in_while_instances_are_killed(stack, new_name):
    name = new_name("dana")
    member = Visitor(stack.site)
    member.register(name)
    member.log_in(name)
    for number, instance in enumerate(("web.1", "api.1", "api.3")):
        killed = stack.pid(instance)
        os.kill(killed, signal.SIGKILL)
        member.share(f"Message {number}")
        assert member.page.status_code == 200
        assert member.messages[0] == f"Message {number}"
        wait_until_back(stack, instance, killed)


@pytest.fixture
def without(stack):
    """A function that stops a service, until the test ends."""
    stopped = []

    def stop_it(service: str) -> None:
        stopped.append(service)
        stack.supervisorctl("stop", f"{service}:*")

    yield stop_it
    for service in stopped:
        stack.supervisorctl("start", f"{service}:*")
        url = {"web": f"{stack.site}/livez", "api": f"{stack.api_root}/livez"}[service]
        for _ in range(3):
            wait_for(lambda url=url: requests.get(url, timeout=5).status_code == 200, what=service)


def test_it_answers_503_when_no_api_instance_is_up(stack, without):
    without("api")
    answer = requests.get(f"{stack.api}/", headers={"X-Request-ID": "r-1"}, timeout=10)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["X-Request-ID"] == "r-1"
    assert "not running" in answer.json()["detail"]
    # A query that no page in nginx's cache has.
    page = requests.get(f"{stack.site}/public?fresh={uuid.uuid4()}", timeout=20)
    assert page.status_code == 503
    assert page.headers["X-Served-By"].startswith("web.")
    assert requests.get(f"{stack.site}/login", timeout=20).status_code == 200


def test_it_shows_a_small_page_when_no_site_instance_is_up(stack, without):
    without("web")
    page = requests.get(f"{stack.site}/login", timeout=10)
    assert page.status_code == 503
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Retry-After"] == "2"
    assert page.headers["X-Request-ID"]
    assert "Twitsite is not running just now" in page.text
    assert requests.get(f"{stack.api}/", timeout=10).status_code == 200
