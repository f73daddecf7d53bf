"""Parts of pages that differ from request to request: the bar, lists, forms, the foot.

Most of them are fragments. A page that is kept (fragments.kept_page) leaves holes for them.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial, wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django import template
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils.safestring import SafeString

from ..client import Page
from ..fragments import HOLES, fragment, leave_hole
from ..sessions import Member
from ..views import navigation
from ..zones import chosen_zone
from .cards import joined_cards
from .pages import avatar, identicon

register = template.Library()

P = ParamSpec("P")
Context = Mapping[str, Any]
Part = Callable[Concatenate[Context, P], SafeString | bytes]


def part(function: Part[P]) -> Part[P]:
    """Register a part of pages as a tag. It takes what it shows from the page's context."""

    @wraps(function)
    def tag(context: Context, *args: P.args, **kwargs: P.kwargs) -> SafeString:
        if HOLES in context:
            return leave_hole(context[HOLES], partial(_called, function, args, kwargs))
        html = function(context, *args, **kwargs)
        return SafeString(html.decode()) if isinstance(html, bytes) else SafeString(html)

    register.simple_tag(tag, takes_context=True)
    return function


def _called(
    function: Callable[..., SafeString | bytes],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    context: Context,
) -> SafeString | bytes:
    return function(context, *args, **kwargs)


@register.simple_tag(name="fragment")
def plain_fragment(name: str) -> SafeString:
    """Return a fragment that depends on the language alone."""
    return fragment(name, {})


@part
def page_header(context: Context) -> SafeString:
    """Return the page's head after its own elements, and the bar.

    An error page asks the API nothing more, so it shows no unread notifications.
    """
    request = context["request"]
    if not _member(context):
        return fragment("_header", {}, path=_linked(request.path, ""))
    username = request.member.username
    summary = None if context.get("status") else request.member_summary()
    return fragment(
        "_header",
        {"csrf_token": context["csrf_token"]},
        path=_linked(request.path, username),
        username=username,
        avatar=my_avatar(context),
        unread=summary.unread_count if summary else 0,
        zone=chosen_zone(request),
    )


def _linked(path: str, username: str) -> str:
    """Return `path` if the bar links to it, where it is marked as the current page, else ""."""
    return path if path in _links(username) else ""


@lru_cache(maxsize=1024)
def _links(username: str) -> frozenset[str]:
    names = ("home", "public", "notifications", "login", "register")
    profile = [reverse("profile", args=[username])] if username else []
    return frozenset([*map(reverse, names), *profile])


@part
def page_footer(context: Context) -> SafeString:
    """Return the foot of the page, with the form to choose a language.

    A page for all visitors has no CSRF token.
    """
    request = context["request"]
    slots: dict[str, object] = {"next": navigation.current_page(request)}
    if not request.is_shared:
        slots["csrf_token"] = context["csrf_token"]
    return fragment("_footer", slots)


@part
def about_reader(context: Context) -> SafeString:
    """Return what is beside the page: the reader and whom they might follow, or an invitation."""
    if not _member(context):
        return fragment("_aside", {})
    return fragment(
        "_aside",
        {},
        username=context["request"].member.username,
        avatar=my_avatar(context),
        suggestions=tuple((a.username, a.display_name) for a in context.get("suggestions") or ()),
        live=bool(context.get("live")),
    )


@part
def trending_tags(context: Context) -> SafeString:
    """Return the list of trending tags."""
    return fragment("_trending", {}, trending=tuple(context.get("trending") or ()))


@part
def compose_form(context: Context) -> SafeString:
    """Return the form to write a message or, on a message's page, a reply."""
    form = context["form"]
    author = getattr(context.get("message"), "author", None)
    slots = {name: form[name].value() or "" for name in ("key", "text")}
    return fragment(
        "_compose",
        {"csrf_token": context["csrf_token"], **slots},
        username=context["request"].member.username,
        in_reply_to=form["in_reply_to"].value() or "",
        author=author.username if author else "",
        error=form.first_error[1],
    )


def _member(context: Context) -> Member | None:
    """Return the reader, None for a visitor and where a request has failed too early to know."""
    member: Member | None = getattr(context["request"], "member", None)
    return member


@part
def flashes(context: Context) -> SafeString:
    """Return what the last request has to say."""
    found = get_messages(context["request"])
    return fragment("_flashes", {}, messages=tuple((m.tags, str(m)) for m in found))


@part
def act_form(context: Context) -> SafeString:
    """Return the form that the buttons of the page send."""
    if not _member(context):
        return SafeString()
    slots = {"csrf_token": context["csrf_token"], "next": context["request"].get_full_path()}
    return fragment("_act", slots)


@part
def canonical_links(context: Context) -> SafeString:
    """Return the page's address without its query, for search engines and previews."""
    request = context["request"]
    url = f"{request.scheme}://{request.get_host()}{request.path}"
    return fragment("_canonical", {"url": url})


@part
def profile_title(context: Context) -> SafeString:
    """Return the title of a member's page."""
    return fragment("_profile_title", {}, username=context["account"].username)


@part
def profile_meta(context: Context) -> SafeString:
    """Return what search engines and previews say of a member."""
    request = context["request"]
    slots = {"origin": f"{request.scheme}://{request.get_host()}"}
    return fragment("_profile_meta", slots, account=context["account"])


@part
def profile_card(context: Context) -> SafeString:
    """Return a member's profile, with the buttons that its reader may use."""
    reader = "me" if context["is_me"] else "member" if _member(context) else "visitor"
    slots = {
        "csrf_token": context["csrf_token"],
        "next": context["request"].get_full_path(),
    }
    return fragment("_profile", slots, account=context["account"], reader=reader)


@part
def pinned_message(context: Context) -> SafeString:
    """Return the message that a member has pinned."""
    pinned = context["pinned"]
    if not pinned:
        return fragment("_pinned", {})
    card = joined_cards(context["request"].member, [pinned]).decode()
    return fragment("_pinned", {"card": SafeString(card)})


@part
def page_cards(context: Context) -> bytes:
    """Return the messages of the page."""
    return joined_cards(context["request"].member, context["page"].items)


@part
def pager(context: Context, newer: str = "", older: str = "") -> SafeString:
    """Return the links to the pages beside this one, called `newer` and `older`."""
    page: Page[Any] = context["page"]
    cursors = {"newer_query": page.newer, "older_query": page.older}
    slots = {name: _query(context, cursor) for name, cursor in cursors.items() if cursor}
    return fragment("_pager", slots, newer=newer, older=older)


def _query(context: Context, cursor: str) -> str:
    """Return the query string of the page at `cursor` of the same list."""
    kept = {name: value for name, value in context["request"].GET.items() if name != "cursor"}
    return urlencode(kept | {"cursor": cursor})


@part
def my_avatar(context: Context) -> SafeString:
    """Return the reader's picture.

    It is the identicon on an error page, which asks the API nothing more, and if the API fails.
    """
    request = context["request"]
    summary = None if context.get("status") else request.member_summary()
    return avatar(summary.account) if summary else identicon(request.member.username)
