"""Editing on the site: what two windows of one member get."""

import re


def test_of_two_windows_the_second_keeps_what_was_typed(new_member):
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
    # Who has read that may save all the same.
    member.submit(f"{url}/edit", text="From both")
    assert member.flashes == ["Your message was changed"]
    assert member.messages[0] == "From both"
