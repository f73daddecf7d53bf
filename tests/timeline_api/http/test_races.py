"""Two at once: what somebody else does between a request's look and its write is no 500."""

import pytest
from django.db import connections

from shardrouter import shard_for
from timeline_api.models import Account
from timeline_api.services import accounts

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def deleted_after_login(alice):
    """alice's account is deleted right after her token was read."""

    def delete(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if 'FROM "timeline_api_token"' in sql and not gone:
            gone.append(True)
            accounts.delete(account=alice)
        return answer

    gone = []
    with connections[shard_for(alice)].execute_wrapper(delete):
        yield
    assert gone
    assert not Account.objects.filter(pk=alice.pk).exists()


REQUESTS = [
    ("patch", "accounts/alice/", {"bio": "x"}),
    (
        "post",
        "accounts/alice/password/",
        {"old_password": "minitwit-demo", "new_password": "new one"},
    ),
    ("delete", "accounts/alice/", {"password": "minitwit-demo"}),
    ("get", "accounts/alice/", None),
    ("get", "timelines/home/", None),
    ("get", "tokens/", None),
    ("delete", "tokens/current/", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_it_survives_the_end_of_the_account(as_alice, deleted_after_login, method, path, body):
    response = getattr(as_alice, method)(f"/api/v1/{path}", body)
    assert response.status_code < 500


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("post", "messages/", {"text": "x"}), ("put", "accounts/bob/follow/", None)],
)
def test_it_writes_nothing_for_an_account_that_ended(
    as_alice, bob, deleted_after_login, method, path, body
):
    response = getattr(as_alice, method)(f"/api/v1/{path}", body)
    assert response.status_code in (204, 404, 409)
