"""The admin in a real Chromium: list, search, add, change and delete on all shards."""

import os
import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect, sync_playwright

from shardrouter import shard_for
from tests.notes.notebook.models import Account, Note

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@pytest.fixture
def page(live_server, monkeypatch):
    # Playwright runs an event loop in this thread; the ORM is used in between, never inside it.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    User.objects.create_superuser("operator", "o@example.org", "two herons")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(base_url=live_server.url)
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/admin/")
        page.fill("[name=username]", "operator")
        page.fill("[name=password]", "two herons")
        page.click("[type=submit]")
        yield page
        browser.close()
    assert errors == []


def test_it_lets_an_operator_work_on_rows_of_all_shards(page, accounts, notes):
    far = max(accounts.values(), key=shard_for)
    page.goto("/admin/notebook/note/")
    expect(page.locator("#result_list tbody tr")).to_have_count(len(notes))
    page.fill("#searchbar", far.username)
    page.press("#searchbar", "Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(3)

    page.click(".object-tools .addlink")
    page.fill("[name=account]", str(far.pk))
    page.fill("[name=title]", "from the browser")
    page.click("[name=_save]")
    expect(page.locator(".messagelist .success")).to_contain_text("was added successfully")
    note = Note.objects.using(shard_for(far)).get(title="from the browser")

    page.click("#result_list >> text=from the browser")
    page.fill("[name=title]", "changed there")
    page.click("[name=_save]")
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")
    assert Note.objects.get(pk=note.pk).title == "changed there"

    page.goto(f"/admin/notebook/note/{note.pk}/change/")
    other = min(accounts.values(), key=shard_for)
    page.fill("[name=account]", str(other.pk))
    page.click("[name=_save]")
    expect(page.locator(".errorlist").first).to_contain_text("cannot be changed")

    page.goto("/admin/notebook/account/")
    for account in (far, other):
        page.check(f"input[name=_selected_action][value='{account.pk}']")
    page.select_option("[name=action]", "delete_selected")
    page.click("button[name=index]")
    page.click("text=Yes, I’m sure")
    expect(page.locator(".messagelist .success")).to_contain_text(
        re.compile("Successfully deleted 2 accounts")
    )
    assert Account.objects.scatter().count() == len(accounts) - 2
    assert Note.objects.scatter().count() == len(notes) - 6
