"""One running Twitsite for all tests of a pytest worker."""

import itertools
import uuid

import pytest
import requests

from tests.stack import Stack, new_member


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    running = Stack(tmp_path_factory.mktemp("stack"), THROTTLE_REGISTER="", THROTTLE_POST="")
    running.start()
    yield running
    assert running.stop() == 0
    assert running.processes() == []


@pytest.fixture
def api(stack):
    """The address of the API behind the load balancer."""
    return stack.api


@pytest.fixture
def new_name():
    """A function that returns names nobody has yet."""
    run, numbers = uuid.uuid4().hex[:8], itertools.count()
    return lambda name="alice": f"{name}_{run}_{next(numbers)}"


@pytest.fixture
def join(api, new_name):
    """A function that registers a member and returns their name and a logged-in session."""

    def join_it(name: str = "alice") -> tuple[str, requests.Session]:
        full = new_name(name)
        return full, new_member(api, full)

    return join_it
