"""Members from their first page to their last, through all processes."""

import re

import requests
from playwright.sync_api import sync_playwright

from tests.stack import wait_for
from tests.timeline_web.chromium import CHROMIUM
from tests.timeline_web.visitor import Visitor


def test_it_lets_somebody_join_write_follow_and_leave(stack, new_name):
    alice, bob = new_name("alice"), new_name("bob")
    writer, reader = Visitor(stack.site), Visitor(stack.site)
    writer.register(bob)
    assert writer.flashes == ["You were successfully registered and can login now"]
    writer.log_in(bob)
    assert writer.flashes == ["You were logged in"]
    writer.share("The first <b>heron</b>")
    assert writer.flashes == ["Your message was recorded"]

    reader.register(alice)
    reader.log_in(alice)
    reader.get(f"/{bob}")
    assert reader.messages == ["The first <b>heron</b>"]
    reader.submit(f"/{bob}/follow")
    assert reader.flashes == [f'You are now following "{bob}"']
    reader.get("/")
    assert reader.messages == ["The first <b>heron</b>"]

    writer.share("The second")
    # Other members' homes are filled by the relay, a moment later.
    wait_for(lambda: reader.get("/") and "The second" in reader.messages, what="fan-out")
    assert reader.messages == ["The second", "The first <b>heron</b>"]
    reader.get("/public")
    assert reader.messages[:2] == ["The second", "The first <b>heron</b>"]

    reader.get(f"/{bob}")
    reader.submit(f"/{bob}/unfollow")
    assert reader.flashes == [f'You are no longer following "{bob}"']
    reader.get("/")
    assert reader.messages == []
    reader.submit("/logout")
    assert reader.flashes == ["You were logged out"]
    assert reader.get("/", allow_redirects=False).status_code == 302


def test_it_rejects_a_cookie_kept_after_logging_out(stack, new_name):
    name = new_name("charlie")
    member = Visitor(stack.site)
    member.register(name)
    member.log_in(name)
    kept = dict(member.session.cookies)
    member.submit("/logout")
    again = requests.get(f"{stack.site}/", cookies=kept, allow_redirects=False, timeout=10)
    assert again.status_code == 302
    assert again.headers["Location"].startswith("/public")


def test_it_lists_accounts_of_every_shard_in_the_admin(stack, join):
    names = [join("dana")[0] for _ in range(9)]
    admin = requests.Session()
    login = admin.get(f"{stack.api_root}/admin/login/", timeout=10)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', login.text)[1]
    # As the first start has shown it, once.
    (password,) = re.findall(r"with the password (\S+)", "".join(stack.output))
    filled = {"username": "admin", "password": password, "csrfmiddlewaretoken": token}
    home = admin.post(f"{stack.api_root}/admin/login/?next=/admin/", filled, timeout=10)
    assert home.status_code == 200
    assert "Log out" in home.text
    assert f'href="{stack.site}/"' in home.text
    page = admin.get(f"{stack.api_root}/admin/timeline_api/account/", timeout=10)
    assert page.status_code == 200
    for name in names:
        assert name in page.text
    # Its lists fit into 1,280 pixels, with long texts in them.
    last, member = join("x" * 8)
    posted = member.post(f"{stack.api}/messages/", json={"text": "y" * 280}, timeout=10).json()
    member.patch(f"{stack.api}/accounts/{last}/", json={"display_name": "Z" * 50}, timeout=10)
    reader = join("reader")[1]
    reader.post(f"{stack.api}/messages/{posted['id']}/report/", json={"reason": "w" * 500})
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        cookies = requests.utils.dict_from_cookiejar(admin.cookies).items()
        context.add_cookies(
            [{"name": name, "value": value, "url": stack.api_root} for name, value in cookies]
        )
        opened = context.new_page()
        for model in ("account", "message", "report", "outbox", "follow", "token"):
            opened.goto(f"{stack.api_root}/admin/timeline_api/{model}/")
            wide = opened.evaluate(
                "[document.documentElement, ...document.querySelectorAll('.results')]"
                ".filter(part => part.scrollWidth > part.clientWidth).length"
            )
            assert (model, wide) == (model, 0)
        browser.close()
