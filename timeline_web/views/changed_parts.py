"""Parts of pages that acts change: the buttons and numbers of a message, a member's profile."""

from django.contrib import messages
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse

from ..client import Account, Message
from ..fragments import fragment
from ..site_request import MemberRequest
from ..templatetags.cards import viewer_of
from ..templatetags.pages import act_button
from .changes import Part, asks_for_changes, changed
from .navigation import redirect_back, safe_path


def message_parts(request: MemberRequest, message: Message) -> tuple[Part, ...]:
    """Return the buttons of a message, and the numbers on its page."""
    original = message.original
    url = reverse("message", args=[original.author.username, original.id])
    viewer = viewer_of(request.member, message)
    context = {"original": original, "url": url, "viewer": viewer}
    return (
        (f'[id="m{original.id}"] .acts', render_to_string("timeline_web/_acts.html", context)),
        (
            f'.reactions [data-of="{original.id}"]',
            render_to_string("timeline_web/_reaction_links.html", {"message": original}),
        ),
    )


def pin_part(message_url: str, *, pinned: bool) -> Part:
    """Return the button that pins or unpins the message of this address."""
    context = {"url": message_url, "pinned": pinned}
    html = render_to_string("timeline_web/_pin_button.html", context)
    return f'[formaction^="{message_url}/"]:is([formaction$="/pin"], [formaction$="/unpin"])', html


def account_parts(request: MemberRequest, account: Account) -> tuple[Part, ...]:
    """Return the profile of an account, and the buttons that lists of people have."""
    url = reverse("profile", args=[account.username])
    slots = {
        "csrf_token": get_token(request),
        "next": safe_path(request, request.POST.get("next", "")) or url,
    }
    profile = fragment("_profile", slots, account=account, reader="member")
    acts = {
        "follow": account.followed_by_me,
        "block": account.blocked_by_me,
        "mute": account.muted_by_me,
    }
    lists = [
        _buttons(account.username, url, act, "un" if is_on else "", place, classes)
        for act, is_on in acts.items()
        for place, classes in ((".person", ""), (".trends", "plain small"))
    ]
    return (f'.profile[data-name="{account.username}"]', profile), *lists


def account_changed(request: MemberRequest, account: Account, text: str) -> HttpResponse:
    """Tell the reader `text` about an account whose parts have changed; without the script on the
    page before, or on its profile."""
    if asks_for_changes(request):
        return changed(*account_parts(request, account), text=text)
    messages.success(request, text)
    return redirect_back(request, reverse("profile", args=[account.username]))


def _buttons(name: str, url: str, act: str, prefix: str, place: str, classes: str) -> Part:
    either = f':is([formaction="{url}/{act}"], [formaction="{url}/un{act}"])'
    return f"{place} button{either}", act_button(name, f"{prefix}{act}", classes)
