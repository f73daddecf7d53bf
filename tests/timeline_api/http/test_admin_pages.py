"""/admin/ : what an operator sees at once, finds, and is led to; and what no operator sees."""

import re
from itertools import pairwise

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.cache import caches
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shardrouter import shards
from timeline_api.models import Outbox, Report, Token
from timeline_api.services import accounts, follows, messages, reports, tokens

pytestmark = pytest.mark.django_db(databases="__all__")

ADMIN = "/admin/timeline_api"
MODELS = ("account", "message", "follow", "token", "outbox", "report")


@pytest.fixture
def operator(db):
    client = Client()
    client.force_login(User.objects.create_superuser("operator", password="long enough one"))
    return client


@pytest.fixture
def looker(db):
    """An operator who may look at everything, and change nothing."""
    user = User.objects.create_user("looker", password="long enough one", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def reported(alice, bob, charlie):
    """The reports of two messages of alice, by bob and charlie."""
    for reporter in (bob, charlie):
        message = messages.post(author=alice, text=f"for {reporter.username}")
        reports.report(account=reporter, message=message, reason="It is rude.")
    return list(Report.objects.scatter().order_by("pk"))


def rows(client, model, **query):
    html = client.get(f"{ADMIN}/{model}/", query).content.decode()
    return {int(pk) for pk in re.findall(r'name="_selected_action" value="(\d+)"', html)}


def figures(client):
    html = client.get("/admin/").content.decode()
    found = re.findall(r'<li><a href="([^"]+)"><strong>(\d+)</strong> ([^<]+)</a>', html)
    return {label: (int(number), url) for url, number, label in found}


def test_it_shows_first_what_waits_and_the_numbers_of_the_day(operator, reported, alice, bob):
    follows.follow(follower=alice, followee=bob)
    Outbox.objects.filter(account_id=alice.pk).update(parked_at=timezone.now())
    found = figures(operator)
    assert {label: number for label, (number, _) in found.items()} == {
        "open reports": 2,
        "parked events": Outbox.objects.filter(account_id=alice.pk).count(),
        "waiting events": Outbox.objects.scatter().filter(parked_at=None).count(),
        "new members in a day": 3,
        "messages in a day": 2,
    }
    for _, url in found.values():
        assert operator.get(url).status_code == 200
    parked = operator.get(found["parked events"][1]).content.decode()
    assert "follow_changed" in parked


def test_it_shows_figures_of_what_the_operator_may_see_alone(reported):
    user = User.objects.create_user("some", password="long enough one", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_report"))
    client = Client()
    client.force_login(user)
    assert list(figures(client)) == ["open reports"]


def test_it_shows_figures_while_a_shard_is_down(operator, reported, down):
    labels = figures(operator).keys()
    with down("shard1"):
        assert figures(operator).keys() == labels


def test_it_leads_to_the_site(operator, alice, settings):
    settings.SITE_URL = "https://twitsite.example/"
    message = messages.post(author=alice, text="hello")
    assert 'href="https://twitsite.example/"' in operator.get("/admin/").content.decode()
    for path, url in (
        (f"account/{alice.pk}", "alice"),
        (f"message/{message.pk}", f"alice/{message.pk}"),
    ):
        page = operator.get(f"{ADMIN}/{path}/change/").content.decode()
        assert f'href="https://twitsite.example/{url}"' in page


def test_it_leads_from_a_report_to_the_message_and_the_people(operator, reported, alice):
    report = reported[0]
    links = [
        f'href="{ADMIN}/message/{report.message_id}/change/"',
        f'href="{ADMIN}/account/{alice.pk}/change/"',
        f'href="{ADMIN}/account/{report.account_id}/change/"',
    ]
    for path in ("", f"{report.pk}/change/"):
        page = operator.get(f"{ADMIN}/report/{path}").content.decode()
        assert [link for link in links if link not in page] == [], path
        assert "It is rude." in page
    accounts.suspend(account=alice)
    assert "(suspended)" in operator.get(f"{ADMIN}/report/").content.decode()


def queries(client, path):
    with CaptureQueriesContext(connections["default"]) as first:
        captures = [CaptureQueriesContext(connections[alias]) for alias in shards()]
        for capture in captures:
            capture.__enter__()
        assert client.get(path).status_code == 200
        for capture in captures:
            capture.__exit__(None, None, None)
    return len(first), sum(len(capture) for capture in captures)


@pytest.mark.parametrize("model", MODELS)
def test_it_asks_no_more_for_a_longer_list(operator, register, reported, model):
    """Names beside ids are fetched together: for one row on each shard, and for four."""

    def more(start):
        people = [register(f"more{number}x") for number in range(start, start + 12)]
        for one, other in pairwise(people):
            follows.follow(follower=one, followee=other)
            tokens.issue(account=one)
            message = messages.post(author=other, text="hello")
            reports.report(account=one, message=message, reason="no")

    more(100)
    queries(operator, f"{ADMIN}/{model}/")
    before = queries(operator, f"{ADMIN}/{model}/")
    more(200)
    assert queries(operator, f"{ADMIN}/{model}/") == before


def test_it_finds_people_by_name_email_and_id(operator, alice, bob, reported):
    follows.follow(follower=alice, followee=bob)
    token, _ = tokens.issue(account=alice)
    message = reported[0].message_id
    for name in ("Alice", "ALICE@example.org", str(alice.pk), f" {alice.pk} "):
        assert rows(operator, "account", q=name) == {alice.pk}, name
        assert rows(operator, "token", q=name) == {token.pk}
        assert len(rows(operator, "follow", q=name)) == 1
        assert rows(operator, "report", q=name) == {report.pk for report in reported}
        assert rows(operator, "outbox", q=name) >= set(
            Outbox.objects.filter(account_id=alice.pk).values_list("pk", flat=True)
        )
    assert len(rows(operator, "follow", q="bob")) == 1  # who is followed
    assert rows(operator, "message", q=str(message)) == {message}
    assert rows(operator, "report", q=str(message)) == {reported[0].pk}
    assert rows(operator, "token", q=str(token.pk)) == {token.pk}
    for model in ("token", "follow", "report", "outbox"):
        for text in ("nobody", "nobody@example.org", "9" * 19, "9" * 40, "-1"):
            assert rows(operator, model, q=text) == set(), (model, text)


def test_it_names_one_and_many(operator, alice, bob):
    for people, said in (([alice], "Suspended 1 account."), ([alice, bob], "2 accounts.")):
        data = {"action": "suspend", "_selected_action": [str(row.pk) for row in people]}
        assert said in operator.post(f"{ADMIN}/account/", data, follow=True).content.decode()
    html = operator.get("/admin/").content.decode()
    assert ">Events</a>" in html
    for model in admin.site._registry:
        assert not re.search("[^aeiou]ys$", str(model._meta.verbose_name_plural))


SECRETS = {"password", "digest", "body_digest", "key", "session_data", "data"}


@pytest.mark.parametrize("model", [model.__name__ for model in admin.site._registry])
def test_it_filters_by_nothing_but_what_it_offers(looker, alice, model):
    """By `?password__regex=` who may only look would read hashes, letter by letter."""
    (found,) = [each for each in admin.site._registry if each.__name__ == model]
    url = f"/admin/{found._meta.app_label}/{found._meta.model_name}/"
    assert looker.get(url).status_code == 200
    fields = {field.name for field in found._meta.get_fields() if field.concrete}
    lookups = [
        f"{path}__{kind}"
        for path in (SECRETS & fields)
        | {"account__password", "author__password"}
        | {"tokens__digest", "user__password", "author__tokens__digest"}
        for kind in ("regex", "startswith", "gt", "in", "isnull")
    ]
    # 302: there is no such field, says Django's own admin of users.
    answers = {name: looker.get(url, {name: "1"}).status_code for name in lookups}
    assert [name for name, status in answers.items() if status not in (400, 302)] == []
    if found._meta.app_label == "timeline_api":
        for name in fields - {"is_suspended", "kind"}:
            assert looker.get(url, {f"{name}__startswith": "1"}).status_code == 400, name


def test_it_shows_no_hash_and_no_digest(operator, looker, alice, reported):
    """On no page of the admin: lists, rows, their histories and deletions."""
    _, text = tokens.issue(account=alice)
    messages.get_or_post(author=alice, text="once", idempotency_key="a-key-of-mine")
    user = User.objects.get(username="operator")
    # Of a hash, no part: Django's page of a user shows how it begins.
    secrets = [
        *(part for each in (alice, user) for part in each.password.split("$")[2:]),
        *(row.digest for row in Token.objects.filter(account=alice)),
        text.partition(".")[2],
    ]
    for model, model_admin in admin.site._registry.items():
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        row = model_admin.get_queryset(looker.get(base).wsgi_request).first()
        paths = [
            base,
            *(f"{base}{row.pk}/{page}/" for page in ("change", "history", "delete") if row),
        ]
        for path in paths:
            for client in (operator, looker):
                page = client.get(path).content.decode()
                assert [secret[:8] for secret in secrets if secret[:6] in page] == [], path


@pytest.fixture
def login_rate(settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "3/min"}
    caches["default"].clear()


def test_it_limits_wrong_passwords_as_the_api_does(operator, visitor, client, alice, login_rate):
    """One count for one name, by whichever door."""
    wrong = {"username": "operator", "password": "no"}
    url = "/admin/login/"
    assert client.post(url, wrong).status_code == 200
    assert visitor.post("/api/v1/tokens/", wrong, format="json").status_code == 401
    assert client.post("/api/login/", wrong).status_code == 401
    for password in ("no", "long enough one"):
        refused = client.post(url, wrong | {"password": password})
        assert refused.status_code == 429
        assert 0 < int(refused["Retry-After"]) <= 60
        assert "_auth_user_id" not in client.session
    page = operator.post("/admin/password_change/", {"old_password": "no"})
    assert page.status_code == 429


def test_it_counts_no_right_passwords(client, operator, login_rate):
    right = {"username": "operator", "password": "long enough one"}
    for _ in range(5):
        assert client.post("/admin/login/", right).status_code == 302
        client.logout()
    new = {
        "old_password": "long enough one",
        "new_password1": "a new heron",
        "new_password2": "a new heron",
    }
    assert operator.post("/admin/password_change/", new).status_code == 302
