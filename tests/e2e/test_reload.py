"""`make deploy`: new code under load, and no failed request."""

import os
import subprocess
import sys
import threading

import pytest
import requests

from tests.stack import ROOT

INSTANCES = [f"{service}.{number}" for service in ("api", "web") for number in (1, 2, 3)]


def deploy(stack, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "deploy.reload"],
        cwd=ROOT,
        env={**stack.environment, **environment},
        capture_output=True,
        text=True,
    )


def masters(stack) -> dict[str, int]:
    return {name: stack.pid(name) for name in INSTANCES}


@pytest.fixture
def load(stack, join):
    """Clients that read and post, each over one connection, until `load()` is called, which returns
    the ids of the posts that were acknowledged, and what failed."""
    ends, posted, faults = threading.Event(), [], []

    def client(ask) -> None:
        while not ends.is_set():
            try:
                answer = ask()
            except requests.RequestException as error:
                faults.append(repr(error))
                continue
            if not answer.ok:
                faults.append(
                    f"{answer.status_code} {answer.request.method} {answer.url} {answer.text}"
                )
            elif answer.request.method == "POST":
                posted.append(answer.json()["id"])

    def reader(url):
        session = requests.Session()
        return lambda: session.get(url, timeout=20)

    def poster(member):
        return lambda: member.post(f"{stack.api}/messages/", {"text": "hello"}, timeout=20)

    asks = [reader(f"{stack.site}/public"), reader(f"{stack.api}/timelines/public/")]
    asks += [poster(join()[1]) for _ in range(3)]
    threads = [threading.Thread(target=client, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()

    def finish():
        ends.set()
        for thread in threads:
            thread.join()
        return posted, faults

    yield finish
    finish()


def test_it_replaces_every_process_and_fails_nothing(stack, load):
    before = masters(stack)
    relay = stack.pid("relay")
    done = deploy(stack)
    posted, faults = load()
    assert done.returncode == 0, done.stdout + done.stderr
    assert faults == []
    assert posted
    for message in posted[:: max(1, len(posted) // 20)]:
        assert requests.get(f"{stack.api}/messages/{message}/", timeout=10).status_code == 200
    after = masters(stack)
    assert all(after[name] != before[name] for name in INSTANCES)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in before.values())
    assert stack.pid("relay") != relay


def test_it_touches_nothing_when_the_new_code_does_not_load(stack):
    before = masters(stack)
    done = deploy(stack, THROTTLE_POST="as many as you like")
    assert done.returncode == 1
    assert done.stderr.startswith("make deploy: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert masters(stack) == before


def test_it_says_that_nothing_runs(stack, tmp_path):
    elsewhere = {"VAR_DIR": str(tmp_path / "var"), "WEB_PORT": "9", "API_PORT": "19"}
    done = deploy(stack, **elsewhere)
    assert done.returncode == 1
    assert "`make up` starts it" in done.stderr
