"""Editing a message in two windows."""

import re


def test_it_keeps_the_text_of_the_second_of_two_windows(new_member):
    member, name = new_member("author")
    member.share("First")
    url = re.search(rf'href="(/{name}/\d+)"', member.get(f"/{name}").text)[1]
    member.get(f"{url}/edit")
    late = member.form(f"{url}/edit")
    member.submit(f"{url}/edit", text="From one window")
    assert member.flashes == ["Your message was changed"]
    member.post(f"{url}/edit", {**late.fields, "text": "From the other"})
    assert member.page.status_code == 409
    assert "it says now: From one window" in member.error
    assert member.form(f"{url}/edit").fields["text"] == "From the other"
    # Sending the form again replaces the other text.
    member.submit(f"{url}/edit", text="From both")
    assert member.flashes == ["Your message was changed"]
    assert member.messages[0] == "From both"
