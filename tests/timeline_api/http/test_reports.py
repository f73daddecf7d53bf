"""POST /api/v1/messages/{id}/report/, and the operators' queue."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from timeline_api.models import Account, Message, Report
from timeline_api.services import messages

pytestmark = pytest.mark.django_db(databases="__all__")

QUEUE = "/admin/timeline_api/report/"


@pytest.fixture
def message(alice):
    return messages.post(author=alice, text="a bad thing")


@pytest.fixture
def reported(as_bob, message):
    url = f"/api/v1/messages/{message.pk}/report/"
    for reason in ("first", "It is rude."):
        assert as_bob.post(url, {"reason": reason}, format="json").status_code == 204
    (report,) = Report.objects.scatter()
    assert report.reason == "It is rude."
    return report


@pytest.fixture
def operator(client, db):
    client.force_login(User.objects.create_superuser("operator"))
    return client


def act(operator, report, action):
    body = {"action": action, "_selected_action": [str(report.pk)]}
    return operator.post(QUEUE, body, follow=True)


def test_it_shows_the_operator_the_message_its_history_and_the_reason(operator, reported, message):
    messages.edit(message=message, text="a good thing")
    page = operator.get(QUEUE).content.decode()
    assert "a bad thing" in page
    assert "It is rude." in page
    page = operator.get(f"{QUEUE}{reported.pk}/change/").content.decode()
    assert "a good thing" in page
    assert "alice" in page
    assert "bob" in page


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("delete_messages", "message deleted"),
        ("suspend_authors", "author suspended"),
        ("dismiss", "dismissed"),
    ],
)
def test_it_lets_the_operator_act(operator, reported, message, alice, action, outcome):
    assert act(operator, reported, action).status_code == 200
    reported.refresh_from_db()
    assert reported.outcome == outcome
    assert reported.closed_at
    there = Message.objects.filter(pk=message.pk).exists()
    assert there == (action != "delete_messages")
    assert Account.objects.get(pk=alice.pk).is_suspended == (action == "suspend_authors")


def test_it_removes_closed_reports_from_the_queue(operator, reported):
    assert "a bad thing" in operator.get(QUEUE).content.decode()
    assert b'value="dismiss"' in operator.get(f"{QUEUE}{reported.pk}/change/").content
    act(operator, reported, "dismiss")
    assert "a bad thing" not in operator.get(QUEUE).content.decode()
    for state in ("closed", "all"):
        assert "a bad thing" in operator.get(f"{QUEUE}?state={state}").content.decode()
    assert b'value="dismiss"' not in operator.get(f"{QUEUE}{reported.pk}/change/").content


def test_it_closes_all_reports_of_a_message_at_once(operator, reported, message, as_charlie):
    url = f"/api/v1/messages/{message.pk}/report/"
    assert as_charlie.post(url, {"reason": "Me too"}, format="json").status_code == 204
    act(operator, reported, "delete_messages")
    assert set(Report.objects.scatter().values_list("outcome", flat=True)) == {"message deleted"}


def test_it_offers_no_actions_without_the_permission(reported):
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(
        *Permission.objects.filter(codename__in=("view_report", "view_account"))
    )
    client = Client()
    client.force_login(looker)
    assert b"a bad thing" in client.get(QUEUE).content
    act(client, reported, "dismiss")
    reported.refresh_from_db()
    assert reported.closed_at is None


def test_it_keeps_a_report_when_the_message_is_deleted(operator, reported, message):
    messages.delete(message=message)
    page = operator.get(f"{QUEUE}{reported.pk}/change/").content.decode()
    assert "a bad thing" in page
    assert "(deleted)" in page
    assert act(operator, reported, "delete_messages").status_code == 200


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, None])
def test_it_requires_a_reason(as_bob, message, reason):
    url = f"/api/v1/messages/{message.pk}/report/"
    assert as_bob.post(url, {"reason": reason}, format="json").status_code == 400
    assert as_bob.post("/api/v1/messages/1/report/", {"reason": "x"}).status_code == 404


@pytest.fixture
def account_reported(alice, as_bob, as_charlie):
    for client, reason in ((as_bob, "first"), (as_bob, "A spammer."), (as_charlie, "Me too")):
        body = {"reason": reason}
        assert client.post("/api/v1/accounts/Alice/report/", body, format="json").status_code == 204
    return Report.objects.scatter().get(reason="A spammer.")


def test_it_lets_members_report_an_account(operator, reported, account_reported, alice):
    assert Report.objects.scatter().count() == 3  # that of the message is another one
    page = operator.get(QUEUE).content.decode()
    assert "the account: @alice" in page
    page = operator.get(f"{QUEUE}{account_reported.pk}/change/").content.decode()
    assert "A spammer." in page
    act(operator, account_reported, "delete_messages")
    account_reported.refresh_from_db()
    assert account_reported.closed_at is None  # there is no message to delete
    act(operator, account_reported, "suspend_authors")
    closed = Report.objects.scatter().filter(outcome="author suspended")
    assert {report.message_id for report in closed} == {None}
    assert closed.count() == 2
    assert Account.objects.get(pk=alice.pk).is_suspended


def test_it_refuses_to_report_nobody_oneself_or_without_a_reason(as_alice, as_bob, visitor):
    url, body = "/api/v1/accounts/alice/report/", {"reason": "x"}
    assert as_alice.post(url, body).status_code == 400
    assert as_bob.post(url, {"reason": " "}).status_code == 400
    assert as_bob.post("/api/v1/accounts/nobody/report/", body).status_code == 404
    assert visitor.post(url, body).status_code == 401


def test_it_exports_reports_of_accounts(as_bob, account_reported):
    exported = as_bob.get("/api/v1/accounts/bob/export/").json()["reports"]
    assert [(each["username"], each["message"]) for each in exported] == [("alice", None)]
