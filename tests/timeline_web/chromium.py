"""Chromium in the tests: what a page may not do, what somebody does on it, what axe says."""

import os
from pathlib import Path

import axe_playwright_python

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def complaint(message) -> list[str]:
    """Whatever the console says; not that the page itself is one about a failure, nor that somebody
    was in a field before the one that would have had the focus."""
    is_of_page = "Failed to load" in message.text and message.location["url"] == message.page.url
    passed_over = message.text.startswith("Autofocus processing was blocked")
    return [] if is_of_page or passed_over else [message.text]


def foreign(url: str, site: str) -> list[str]:
    """A complaint when the page asks another site."""
    return [] if url.startswith((site, "data:")) else [f"asked {url}"]


def register_and_log_in(page, name: str) -> None:
    page.goto("/register")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill("secret-9")
    page.get_by_label("Password, once more").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def card(page, text):
    """The card of the message that says `text`."""
    return page.locator(".message").filter(has_text=text)


def check_pages(page, width, paths):
    for path in paths:
        page.goto(path)
        check_page(page, width)


def check_page(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    page.evaluate("new Promise(requestAnimationFrame)")  # autofocus comes first; axe moves it
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], page.url
