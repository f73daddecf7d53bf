"""/admin/ : operators see all shards and act on each."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from shardrouter import shard_for
from timeline_api.models import Account, Follow, Message, Outbox, Token
from timeline_api.services import accounts, follows, messages, tokens

pytestmark = pytest.mark.django_db(databases="__all__")

CHANGE = "/admin/timeline_api"


@pytest.fixture
def operator(client, db):
    """A client that is logged in to the admin, by its form."""
    User.objects.create_superuser("operator", password="long enough one")
    login = {"username": "operator", "password": "long enough one", "next": "/admin/"}
    assert client.post("/admin/login/", login)["Location"] == "/admin/"
    return client


@pytest.fixture
def crowd(register):
    """Nine members, on all three shards, with a message each."""
    accounts = [register(f"member{number}") for number in range(9)]
    assert len({shard_for(account) for account in accounts}) == 3
    for account in accounts:
        messages.post(author=account, text=f"hello from {account.username}")
    return accounts


def act(operator, model, action, rows, **more):
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return operator.post(f"{CHANGE}/{model}/", data, follow=True)


@pytest.mark.parametrize(
    "query",
    ["q=a%00b", "username=%00", "is_suspended__exact=%00", "o=%00", "p=%00", "id=9" + "9" * 30],
)
@pytest.mark.parametrize("model", ["account", "message", "outbox"])
def test_it_survives_odd_queries(operator, crowd, model, query):
    assert operator.get(f"{CHANGE}/{model}/?{query}").status_code < 500


def test_it_wants_staff(client, db):
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_it_lets_no_member_in(client, alice):
    response = client.post("/admin/login/", {"username": "alice", "password": "minitwit-demo"})
    assert response.status_code == 200
    assert b"correct" in response.content


def test_it_says_whose_it_is(operator):
    assert "Twitsite operators" in operator.get("/admin/").content.decode()


@pytest.mark.parametrize("model", ["account", "message", "follow", "token", "outbox"])
def test_it_lists_each_model_over_all_shards(operator, crowd, model):
    for account in crowd[1:]:
        follows.follow(follower=account, followee=crowd[0])
    for account in crowd:
        tokens.issue(account=account)
    html = operator.get(f"{CHANGE}/{model}/").content.decode()
    rows = {"account": 9, "message": 9, "follow": 8, "token": 9}.get(model)
    assert rows is None or f"{rows} " in html
    for account in crowd[1:]:
        assert account.username in html or model == "outbox"


@pytest.mark.parametrize("model", [Account, Message, Token])
def test_it_lists_the_newest_first(operator, crowd, model):
    for account in crowd:
        tokens.issue(account=account)
    html = operator.get(f"{CHANGE}/{model._meta.model_name}/").content.decode()
    found = [int(pk) for pk in re.findall(r'name="_selected_action" value="(\d+)"', html)]
    rows = model.objects.scatter().values_list("pk", flat=True)
    assert found == sorted(rows, reverse=True)


def test_it_searches_over_all_shards(operator, crowd):
    html = operator.get(f"{CHANGE}/account/", {"q": "member7"}).content.decode()
    assert "member7" in html
    assert "member6" not in html
    html = operator.get(f"{CHANGE}/message/", {"q": "from member3"}).content.decode()
    assert "hello from member3" in html
    assert "hello from member4" not in html


def found(operator, model, text):
    """The ids that a search lists, in its order."""
    html = operator.get(f"{CHANGE}/{model}/", {"q": text}).content.decode()
    return [int(pk) for pk in re.findall(r'name="_selected_action" value="(\d+)"', html)]


def test_it_finds_messages_by_words_or_author_and_the_suspended_too(operator, crowd, post):
    rows = [post(crowd[number], "A heron") for number in (3, 4, 5)]
    accounts.suspend(account=crowd[4])
    assert found(operator, "message", "heron") == [row.pk for row in reversed(rows)]
    (hello,) = Message.objects.filter(author=crowd[4], text="hello from member4")
    assert found(operator, "message", "MEMBER4") == [rows[1].pk, hello.pk]
    assert found(operator, "message", "nothing") == found(operator, "message", "-") == []


def test_it_finds_accounts_by_names_and_by_email(operator, crowd):
    newest = sorted((account.pk for account in crowd), reverse=True)
    assert found(operator, "account", "memb") == newest
    assert found(operator, "account", "er4@example.o") == [crowd[4].pk]


def test_it_lists_the_newest_matches_alone(operator, crowd, settings):
    settings.TIMELINES = {"SEARCH_MATCHES": 2}
    newest = sorted(Message.objects.scatter().values_list("pk", flat=True))[-2:]
    assert found(operator, "message", "hello") == newest[::-1]
    assert "2 messages" in operator.get(f"{CHANGE}/message/", {"q": "hello"}).content.decode()


def test_it_filters_over_all_shards(operator, crowd):
    act(operator, "account", "suspend", crowd[:2])
    html = operator.get(f"{CHANGE}/account/", {"is_suspended__exact": "1"}).content.decode()
    assert "member0" in html
    assert "member1" in html
    assert "member2" not in html


@pytest.mark.parametrize("order", ["1", "-1", "5", "6"])
def test_it_sorts_over_all_shards(operator, crowd, order):
    assert operator.get(f"{CHANGE}/account/", {"o": order}).status_code == 200


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_it_changes_an_account_on_its_shard(operator, crowd, number):
    account = crowd[number]
    url = f"{CHANGE}/account/{account.pk}/change/"
    assert operator.get(url).status_code == 200
    data = {"display_name": "Renamed", "bio": "", "email": "new@example.org"}
    assert operator.post(url, data).status_code == 302
    account = Account.objects.get(pk=account.pk)
    assert (account.display_name, account.email) == ("Renamed", "new@example.org")
    assert LogEntry.objects.filter(object_id=str(account.pk)).exists()
    assert operator.get(f"{CHANGE}/account/{account.pk}/history/").status_code == 200


def test_it_refuses_a_bad_change(operator, alice):
    url = f"{CHANGE}/account/{alice.pk}/change/"
    response = operator.post(url, {"display_name": "", "bio": "", "email": "broken"})
    assert response.status_code == 200
    assert b"valid email" in response.content


def test_it_edits_a_message(operator, alice):
    message = messages.post(author=alice, text="typo")
    url = f"{CHANGE}/message/{message.pk}/change/"
    assert operator.post(url, {"text": "fixed"}).status_code == 302
    assert Message.objects.get(pk=message.pk).text == "fixed"


def test_it_suspends_and_unsuspends(operator, crowd, client_of):
    clients = [client_of(account) for account in crowd]
    html = act(operator, "account", "suspend", crowd[:3]).content.decode()
    assert "Suspended 3" in html
    for number, client in enumerate(clients):
        assert client.get("/api/v1/tokens/").status_code == (403 if number < 3 else 200)
    act(operator, "account", "unsuspend", crowd[:3])
    assert not Account.objects.scatter().filter(is_suspended=True).exists()


def test_it_suspends_by_the_form_too(operator, alice, as_alice):
    data = {"display_name": "", "bio": "", "email": alice.email, "is_suspended": "on"}
    operator.post(f"{CHANGE}/account/{alice.pk}/change/", data)
    assert as_alice.get("/api/v1/tokens/").status_code == 403
    assert Account.objects.get(pk=alice.pk).is_suspended


def test_it_deletes_an_account_and_all_of_it(operator, as_bob, alice, bob, relay):
    messages.post(author=alice, text="hello")
    follows.follow(follower=bob, followee=alice)
    relay()
    url = f"{CHANGE}/account/{alice.pk}/delete/"
    assert operator.get(url).status_code == 200
    assert operator.post(url, {"post": "yes"}).status_code == 302
    relay()
    assert not Account.objects.filter(pk=alice.pk).exists()
    assert not Message.objects.filter(author_id=alice.pk).exists()
    assert as_bob.get("/api/v1/timelines/home/").json()["results"] == []
    assert as_bob.get("/api/v1/accounts/bob/").json()["following_count"] == 0


def test_it_deletes_selected_accounts_on_all_shards(operator, crowd):
    confirm = act(operator, "account", "delete_selected", crowd[:6])
    assert confirm.status_code == 200
    assert Account.objects.scatter().count() == 9
    act(operator, "account", "delete_selected", crowd[:6], post="yes")
    assert Account.objects.scatter().count() == 3


def test_it_deletes_messages_with_their_traces(operator, as_bob, alice, bob, relay):
    kept, gone = (messages.post(author=alice, text=text) for text in ("kept", "gone"))
    follows.follow(follower=bob, followee=alice)
    relay()
    operator.post(f"{CHANGE}/message/{gone.pk}/delete/", {"post": "yes"})
    relay()
    assert Account.objects.get(pk=alice.pk).message_count == 1
    home = as_bob.get("/api/v1/timelines/home/").json()["results"]
    assert [row["id"] for row in home] == [str(kept.pk)]


def test_it_deletes_selected_messages_on_all_shards(operator, crowd):
    rows = list(Message.objects.scatter())
    act(operator, "message", "delete_selected", rows[:7], post="yes")
    assert Message.objects.scatter().count() == 2
    counts = [account.message_count for account in Account.objects.scatter()]
    assert sorted(counts) == [0] * 7 + [1] * 2


def test_it_deletes_follows_with_their_traces(operator, as_bob, alice, bob, relay):
    messages.post(author=alice, text="hello")
    follows.follow(follower=bob, followee=alice)
    relay()
    (follow,) = Follow.objects.filter(follower=bob)
    operator.post(f"{CHANGE}/follow/{follow.pk}/delete/", {"post": "yes"})
    relay()
    assert as_bob.get("/api/v1/timelines/home/").json()["results"] == []
    assert as_bob.get("/api/v1/accounts/alice/").json()["follower_count"] == 0


def test_it_deletes_tokens_and_shows_no_digest(operator, crowd, client_of):
    clients = [client_of(account) for account in crowd]
    rows = list(Token.objects.scatter())
    html = operator.get(f"{CHANGE}/token/{rows[0].pk}/change/").content.decode()
    assert rows[0].digest not in html
    act(operator, "token", "delete_selected", rows, post="yes")
    assert {client.get("/api/v1/tokens/").status_code for client in clients} == {401}


def test_it_adds_nothing(operator, alice):
    for model in ("account", "message", "follow", "token", "outbox"):
        assert operator.get(f"{CHANGE}/{model}/add/").status_code == 403


def test_it_tries_a_parked_event_again(operator, alice, bob, relay):
    from django.utils import timezone

    follows.follow(follower=alice, followee=bob)
    Outbox.objects.filter(account_id=alice.pk).update(parked_at=timezone.now(), attempts=9)
    (event,) = Outbox.objects.filter(account_id=alice.pk)
    html = operator.get(f"{CHANGE}/outbox/", {"parked_at__isempty": "0"}).content.decode()
    assert event.kind in html
    act(operator, "outbox", "retry", [event])
    relay()
    assert Account.objects.get(pk=bob.pk).follower_count == 1


@pytest.mark.parametrize("pk", ["1", "nonsense", "9" * 30, "0"])
def test_it_sends_an_unknown_row_away_politely(operator, pk):
    response = operator.get(f"{CHANGE}/account/{pk}/change/")
    assert response.status_code in (302, 404)
