"""Following and unfollowing."""

import pytest


def test_it_follows_and_unfollows(new_member):
    alice, _ = new_member("alice")
    bob, bob_name = new_member("bob")
    bob.share("Bob was here before")
    alice.get(f"/{bob_name}")
    assert "You are not yet following this user." in alice.text

    alice.submit(f"/{bob_name}/follow")
    assert alice.path == f"/{bob_name}"
    assert alice.flashes == [f'You are now following "{bob_name}"']
    assert f'You are now following "{bob_name}"' in alice.page.text  # not escaped
    assert "You are currently following this user." in alice.text
    alice.get("/")
    assert alice.messages == ["Bob was here before"]

    alice.get(f"/{bob_name}")
    alice.submit(f"/{bob_name}/unfollow")
    assert alice.path == f"/{bob_name}"
    assert alice.flashes == [f'You are no longer following "{bob_name}"']
    alice.get("/")
    assert alice.messages == []


def test_it_names_the_followed_as_they_write_themselves(new_member):
    alice, _ = new_member("alice")
    _, name = new_member("Bob")
    alice.get(f"/{name}")
    token = alice.form(f"/{name}/follow").fields["csrfmiddlewaretoken"]
    alice.post(f"/{name.upper()}/follow", {"csrfmiddlewaretoken": token})
    assert (alice.path, alice.flashes) == (f"/{name}", [f'You are now following "{name}"'])


def test_it_refuses_to_follow_oneself(new_member):
    alice, name = new_member("alice")
    alice.get(f"/{name}")
    assert "This is you!" in alice.text
    token = alice.form("/logout").fields["csrfmiddlewaretoken"]
    alice.post(f"/{name}/follow", {"csrfmiddlewaretoken": token})
    assert alice.page.status_code == 400


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_it_answers_404_for_an_unknown_name(new_member, new_name, action):
    alice, _ = new_member("alice")
    token = alice.form("/logout").fields["csrfmiddlewaretoken"]
    alice.post(f"/{new_name()}/{action}", {"csrfmiddlewaretoken": token})
    assert alice.page.status_code == 404


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_it_sends_a_visitor_to_the_login_and_back(visitor, new_member, action):
    _, name = new_member()
    visitor.get("/login")
    token = visitor.form("/login").fields["csrfmiddlewaretoken"]
    answer = visitor.post(
        f"/{name}/{action}", {"csrfmiddlewaretoken": token}, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login?next=%2F{name}")


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_it_refuses_without_the_csrf_token(new_member, action):
    alice, _ = new_member("alice")
    _, name = new_member("bob")
    alice.post(f"/{name}/{action}")
    assert alice.page.status_code == 403
    alice.get(f"/{name}")
    assert "You are not yet following this user." in alice.text
