"""The site in a real Chromium: with its script and without, on a phone and a desktop."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .chromium import check_pages, message_card, register_and_log_in, scroll_width
from .servers import ROOT

pytestmark = pytest.mark.long

PICTURE = ROOT / "docs" / "screenshots" / "home.png"
LONG_WORD = "W" * 280

# Each way, and each size, once: what a page does depends on the one, how it looks on the other.
BOTH_WAYS = pytest.mark.parametrize(
    ("javascript", "width"), [(True, 390), (False, 1280)], ids=["script-390", "no script-1280"]
)


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_it_lets_somebody_join_post_and_sign_out(open_page, new_name, javascript):
    page, name = open_page(javascript=javascript), new_name("dana")
    register_and_log_in(page, name)
    expect(page.get_by_role("status")).to_have_text("You were logged in")
    page.get_by_label("What's on your mind").fill("Hello,\nbrowser")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("status")).to_have_text("Your message was recorded")
    expect(page.locator(".message .text").first).to_have_text(
        "Hello,\nbrowser", use_inner_text=True
    )
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You were logged out")
    page.wait_for_url("**/public")


def test_it_counts_characters_as_the_api_does(open_page, new_name):
    page = open_page()
    register_and_log_in(page, new_name("dana"))
    count, box = page.locator("[data-count]"), page.get_by_label("What's on your mind")
    expect(count).to_have_text("280 left")
    box.fill("  👍👍\n")
    expect(count).to_have_text("278 left")
    box.fill("x" * 283)
    expect(count).to_have_text("3 too many")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_the_width_of_the_screen(open_page, new_member, width, scheme):
    member, name = new_member("x" * 10)
    member.share(LONG_WORD)
    member.share("https://example.org/" + "path" * 60)
    page = open_page(width=width, scheme=scheme)
    for path in ("/public", f"/{name}", "/login", "/register"):
        page.goto(path)
        assert scroll_width(page) <= width


def test_it_lets_the_keyboard_skip_to_the_content(open_page):
    page = open_page()
    page.goto("/public")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the messages"
    page.keyboard.press("Enter")
    page.wait_for_url("**/public#content")


def test_it_has_keys_and_a_legend_of_them(open_page, new_member):
    member, name = new_member("author")
    for text in ("One", "Two"):
        member.share(text)
    page = open_page()
    register_and_log_in(page, name.replace("author", "reader"))
    page.goto(f"/{name}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.innerText").split()[-4] != ""
    page.keyboard.press("l")
    like = message_card(page, "One").get_by_role("button", name="Like,")
    expect(like).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    page.wait_for_timeout(100)
    page.keyboard.press("/")
    page.wait_for_url("**/search")


def test_it_loads_older_messages_on_scrolling_and_newer_ones_on_a_click(open_page, new_member):
    member, _ = new_member("author")
    key = member.form("/logout").fields["csrfmiddlewaretoken"]
    for number in range(35):
        member.post("/add_message", {"csrfmiddlewaretoken": key, "text": f"Number {number}"})
    page = open_page()
    page.clock.install()
    page.goto("/public")
    expect(page.locator(".message")).to_have_count(30)
    page.locator(".pager").scroll_into_view_if_needed()
    page.locator(".message").nth(30).wait_for()
    member.post("/add_message", {"csrfmiddlewaretoken": key, "text": "Just now"})
    page.evaluate("window.scrollTo(0, 0)")
    page.clock.run_for(31_000)
    page.get_by_role("button", name="1 new message").click()
    expect(page.locator(".message").first).to_contain_text("Just now")
    # More new messages than a page has: none of them is skipped.
    for number in range(31):
        member.post("/add_message", {"csrfmiddlewaretoken": key, "text": f"Later {number}"})
    page.clock.run_for(31_000)
    page.get_by_role("button", name="30 new messages").click()
    page.locator(".pager").scroll_into_view_if_needed()
    message_card(page, "Later 0").wait_for()


@pytest.mark.parametrize(("language", "words"), [("en", "2 min ago"), ("ar", "قبل 2 د")])
def test_it_updates_relative_times_and_leaves_exact_ones(open_page, friend, language, words):
    visitor, other = friend
    message = re.search(r'id="m(\d+)"', visitor.page.text)[1]
    page = open_page(language=language)
    page.clock.install()
    page.goto(f"/{other}")
    page.clock.run_for(150_000)
    expect(page.locator(".message time")).to_have_text(words)
    page.goto(f"/{other}/{message}/history")
    page.clock.run_for(150_000)
    expect(page.locator("time")).to_have_text(re.compile("UTC$"))


@pytest.mark.parametrize(
    ("language", "zone"),
    [("en", r"\d\d:\d\d GMT\+5:45$"), ("ar", r"\d\d:\d\d غرينتش\+٥:٤٥|\+5:45")],
)
def test_it_shows_exact_times_in_the_readers_zone(open_page, friend, language, zone):
    visitor, other = friend
    message = re.search(r'id="m(\d+)"', visitor.page.text)[1]
    page = open_page(language=language, zone="Asia/Kathmandu")
    page.goto(f"/{other}/{message}/history")
    expect(page.locator("time")).to_have_text(re.compile(zone))
    page.goto(f"/{other}")
    expect(page.locator(".message time")).to_have_attribute("title", re.compile(zone))
    without = open_page(javascript=False, language=language, zone="Asia/Kathmandu")
    without.goto(f"/{other}/{message}/history")
    expect(without.locator("time")).to_have_text(re.compile("UTC$"))


@BOTH_WAYS
def test_it_holds_a_conversation(open_page, new_name, friend, javascript, width):
    page, name = open_page(javascript=javascript, width=width), new_name("dana")
    _, other = friend
    register_and_log_in(page, name)

    # Find somebody, follow them, like and repost their message.
    page.goto(f"/search?q={other}&in=people")
    page.get_by_role("button", name=f"Follow {other}").first.click()
    expect(page.get_by_role("status")).to_have_text(f'You are now following "{other}"')
    page.goto("/")
    for act, count in (("Like,", "1"), ("Repost,", "1")):
        button = message_card(page, "Herons").get_by_role("button", name=act)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        assert button.inner_text().split()[-1] == count

    # Reply, edit the reply, look at its history, delete it.
    message_card(page, "Herons").get_by_role("link", name="Reply to this message").click()
    page.get_by_label(f"Your reply to {other}").fill(f"Where, @{other}?")
    page.get_by_role("button", name="Reply").click()
    expect(page.get_by_role("status")).to_have_text("Your message was recorded")
    expect(message_card(page, "Where,").get_by_role("link", name=f"@{other}")).to_have_count(2)
    message_card(page, "Where,").get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Your message").fill("Where exactly?")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Your message was changed")
    page.get_by_role("main").get_by_role("link", name="edited").first.click()
    expect(page.locator(".text")).to_have_text(["Where exactly?", f"Where, @{other}?"])
    page.get_by_role("link", name="Back to the message").click()
    page.get_by_role("button", name="Pin to my profile").click()
    expect(page.get_by_role("button", name="Unpin from my profile")).to_be_visible()
    page.goto(f"/{name}")
    expect(page.get_by_role("heading", name="Pinned")).to_be_visible()
    message_card(page, "Where exactly?").first.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_role("button", name="Delete this message").click()
    expect(page.get_by_role("status")).to_have_text("Your message was deleted")
    assert scroll_width(page) <= width


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_it_counts_a_double_click_once(open_page, new_name, friend, javascript):
    page, name = open_page(javascript=javascript), new_name("dana")
    visitor, other = friend
    register_and_log_in(page, name)
    page.get_by_label("What's on your mind").fill("Twice is once")
    page.get_by_role("button", name="Share").dblclick()
    # To go elsewhere before the answer is there would take the second click back.
    expect(page.get_by_role("status")).to_have_text("Your message was recorded")
    page.goto(f"/{name}")
    expect(message_card(page, "Twice is once")).to_have_count(1)
    for act in ("Like,", "Repost,"):
        page.goto(f"/{other}")
        button = message_card(page, "Herons").get_by_role("button", name=act)
        button.dblclick()
        expect(button).to_have_attribute("aria-pressed", "true")
        page.goto(f"/{other}")
        expect(button).to_have_attribute("aria-pressed", "true")
        assert button.inner_text().split()[-1] == "1"
    visitor.get("/notifications")
    assert visitor.text.count("liked your message") == 1
    assert visitor.text.count("reposted your message") == 1


@BOTH_WAYS
def test_it_notifies_links_tags_and_restricts(open_page, new_name, friend, javascript, width):
    page, name = open_page(javascript=javascript, width=width), new_name("dana")
    visitor, other = friend
    register_and_log_in(page, name)
    page.get_by_label("What's on your mind").fill(f"Mine #birds_{other}")
    page.get_by_role("button", name="Share").click()
    visitor.get(f"/{name}")
    visitor.submit(f"/{name}/follow")

    # The tag page has both messages; the bell shows the new follower.
    message_card(page, "Mine").get_by_role("link", name=f"#birds_{other}").click()
    expect(page.locator(".message")).to_have_count(2)
    page.get_by_role("link", name="Notifications").click()
    expect(page.locator(".told")).to_contain_text(f"{other} followed you")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator(".bell .number")).to_have_count(0)

    # Report, mute and block; then undo it.
    page.goto(f"/tag/birds_{other}")
    message_card(page, "Herons").get_by_role("link", name="Reply to this message").click()
    message_card(page, "Herons").get_by_role("link", name="Report this message").click()
    page.get_by_label("What is wrong with it?").fill("Not a heron")
    page.get_by_role("button", name="Report").click()
    expect(page.get_by_role("status")).to_contain_text("operators")
    page.goto(f"/{other}")
    page.get_by_role("button", name="Mute").click()
    expect(page.get_by_role("status")).to_have_text(f"You have muted {other}")
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.locator(".message")).to_have_count(0)
    page.goto("/settings/blocks")
    page.get_by_role("button", name=f"Unblock {other}").click()
    expect(page.get_by_role("status")).to_have_text(f"You have unblocked {other}")
    page.goto("/settings/mutes")
    page.get_by_role("button", name=f"Unmute {other}").click()
    expect(page.get_by_role("status")).to_have_text(f"You have unmuted {other}")
    page.goto("/settings/mutes")
    expect(page.get_by_role("heading", name="Nobody")).to_be_visible()
    page.goto(f"/{other}")
    expect(page.locator(".message")).to_have_count(1)


@BOTH_WAYS
def test_it_changes_settings_and_deletes_the_account(
    open_page, new_name, visitor, javascript, width
):
    page, name = open_page(javascript=javascript, width=width), new_name("dana")
    register_and_log_in(page, name)
    page.goto("/settings")
    page.get_by_label("Display name").fill("Dana ✨")
    page.get_by_label("About you").fill("Herons\nand ducks")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Your profile was changed")
    page.get_by_label("Picture").set_input_files(PICTURE)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("status")).to_have_text("Your picture was changed")
    shown = page.locator("form.picture img")
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 160
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.locator("form.picture svg")).to_be_visible()
    page.get_by_role("link", name="Sessions and tokens").click()
    page.get_by_label("Name").fill("Backup")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator(".secret")).to_contain_text(".")
    page.get_by_role("button", name="End Backup").click()
    expect(page.get_by_role("status").last).to_have_text("It was ended")
    page.get_by_role("link", name="Password").click()
    page.get_by_label("Current password").fill("secret-9")
    page.get_by_label("New password", exact=True).fill("secret-10")
    page.get_by_label("New password, once more").fill("secret-10")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status")).to_contain_text("changed")
    page.get_by_role("link", name="Export or leave").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert "and ducks" in Path(download.value.path()).read_text()
    page.get_by_label("Password").fill("secret-10")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("status")).to_have_text("Your account was deleted")
    assert visitor.get(f"/{name}").status_code == 404


@BOTH_WAYS
def test_it_works_in_arabic(open_page, new_name, friend, javascript, width):
    page = open_page(javascript=javascript, width=width, language="ar")
    name, (visitor, other) = new_name("dana"), friend

    def said(text):
        expect(page.get_by_role("status")).to_have_text(text)
        assert scroll_width(page) <= width

    # Switch to English and back: a browser may ask for a language that its owner does not want.
    page.goto("/register")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Sign up")).to_be_visible()
    page.get_by_role("button", name="العربية").click()
    page.get_by_label("اسم المستخدم").fill(name)
    page.get_by_label("البريد الإلكتروني").fill(f"{name}@example.com")
    page.get_by_label("كلمة المرور", exact=True).fill("secret-9")
    page.get_by_label("كلمة المرور مرة أخرى").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="إنشاء حساب").click()
    said("تم إنشاء حسابك بنجاح، ويمكنك تسجيل الدخول الآن")
    page.get_by_label("اسم المستخدم").fill(name)
    page.get_by_label("كلمة المرور").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="تسجيل الدخول").click()
    said("تم تسجيل الدخول")

    # Post, follow, like, reply, edit, get a notification.
    page.get_by_label("ما الذي يدور في ذهنك").fill("صباح الخير")
    if javascript:
        expect(page.locator("[data-count]")).to_have_text("المتبقي: 270")
    page.get_by_role("button", name="نشر", exact=True).click()
    said("تم نشر رسالتك")
    expect(page.locator(".message time").first).to_have_text("الآن")
    page.goto(f"/{other}")
    page.get_by_role("button", name="متابعة", exact=True).click()
    said(f'تمت متابعة "\u2068{other}\u2069"')
    message_card(page, "Herons").get_by_role("button", name="إعجاب").click()
    message_card(page, "Herons").get_by_role("link", name="الرد على هذه الرسالة").click()
    page.get_by_label("ردك على").fill("أين؟")
    page.get_by_role("button", name="رد", exact=True).click()
    said("تم نشر رسالتك")
    message_card(page, "أين؟").get_by_role("link", name="تعديل").click()
    page.get_by_label("رسالتك").fill("أين ومتى؟")
    page.get_by_role("button", name="حفظ").click()
    said("تم تعديل رسالتك")
    visitor.get(f"/{name}")
    visitor.submit(f"/{name}/follow")
    page.get_by_role("link", name="الإشعارات").click()
    expect(page.locator(".told")).to_contain_text("متابعة جديدة من")
    page.get_by_role("button", name="تحديد الكل كمقروء").click()

    if javascript:
        check_arabic_script(page)
        check_pages(page, width, ["/", f"/{other}", "/notifications", "/settings/sessions"])
    page.goto("/settings")
    page.get_by_role("main").get_by_role("button", name="تسجيل الخروج").first.click()
    said("تم تسجيل الخروج")


def check_arabic_script(page):
    """Check the script's plurals, and its keys on an Arabic keyboard."""
    page.wait_for_load_state()
    new = "interpolate(ngettext('%(number)s new message', '', n), {number: n}, true)"
    assert page.evaluate(f"[1, 2, 3, 11, 100].map((n) => {new})") == [
        "رسالة جديدة واحدة",
        "رسالتان جديدتان",
        "3 رسائل جديدة",
        "11 رسالة جديدة",
        "100 رسالة جديدة",
    ]
    shift = "{key: '؟', code: 'Slash', shiftKey: true, bubbles: true}"
    page.evaluate(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {shift}))")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="إغلاق").click()


def test_it_keeps_a_full_page_small(new_member):
    member, name = new_member("author")
    key = member.form("/logout").fields["csrfmiddlewaretoken"]
    for number in range(30):
        text = f"Number {number} @{name} #tag{number} https://example.org/{number} " + "word " * 20
        member.post("/add_message", {"csrfmiddlewaretoken": key, "text": text})
    page = member.get("/")
    assert len(member.messages) == 30
    assert len(page.content) < 60_000
    files = set(re.findall(r'(?:href|src)="(/(?:static|language)/[^"#]+)', page.text))
    sizes = {path: len(member.get(path).content) for path in files}
    assert sum(sizes.values()) < 40_000, sizes
