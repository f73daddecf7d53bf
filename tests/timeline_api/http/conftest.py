"""The cast: alice, bob and charlie, their accounts, and clients that speak for them."""

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from timeline_api.http.throttling import pending_counts
from timeline_api.services import accounts, tokens

PASSWORD = "minitwit-demo"


@pytest.fixture(autouse=True)
def _no_counts_from_before():
    pending_counts.clear()


@pytest.fixture
def register(db):
    def register(username):
        return accounts.register(
            username=username, email=f"{username}@example.org", password=PASSWORD
        )

    return register


@pytest.fixture
def alice(register):
    return register("alice")


@pytest.fixture
def bob(register):
    return register("bob")


@pytest.fixture
def charlie(register):
    return register("charlie")


@pytest.fixture
def visitor():
    """A client without a login."""
    return APIClient()


@pytest.fixture
def client_of():
    """An account → a client with a token of its own."""

    def client_of(account):
        client = APIClient()
        _, text = tokens.issue(account=account)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return client

    return client_of


@pytest.fixture
def as_alice(client_of, alice):
    return client_of(alice)


@pytest.fixture
def as_bob(client_of, bob):
    return client_of(bob)


@pytest.fixture
def as_charlie(client_of, charlie):
    return client_of(charlie)


@pytest.fixture
def relay():
    """Runs the relay until it is idle."""

    def relay():
        call_command("relay", "--drain", verbosity=0)

    return relay
