"""Includes: further parts of a page, in the response of what it is about, so that a client asks
once.

`?include=head,suggestions` adds `included`, with a key for each part. Everything that a page can be
about has a head. The page does without a part whose shard does not answer: it is null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from ...models import Account, Message
from ...selectors import accounts, conversations, discovery, messages, notifications
from ...selectors.rows import Author, DeletedMessage
from ..exceptions import is_unavailable

if TYPE_CHECKING:
    from .base import ApiView

# GET /suggestions/ has twice as many.
SUGGESTIONS = 5

# Return what `included` has under a name.
Part = Callable[[], Any]


def parameter(*names: str) -> OpenApiParameter:
    """Return the description of `?include=` for what has these parts and the head."""
    return OpenApiParameter(
        "include",
        str,
        many=True,
        enum=["head", *names],
        explode=False,
        description="Further parts of the page, in `included`. One that cannot be had now is null.",
    )


def _requested(request: Request, parts: Mapping[str, Part]) -> dict[str, Part]:
    names = dict.fromkeys(filter(None, request.query_params.get("include", "").split(",")))
    unknown = [name for name in names if name not in parts]
    if unknown:
        detail = _("There is no such part: %(name)s. Choose from %(names)s.")
        known = ", ".join(parts)
        raise ValidationError({"include": [detail % {"name": unknown[0], "names": known}]})
    return {name: parts[name] for name in names}


def included(view: ApiView, parts: Mapping[str, Part]) -> dict[str, dict[str, Any]]:
    """Return `included` with those of the `parts` and the head that the request asks for; nothing
    if it asks for none. Raise ValidationError (400) if it asks for others."""
    chosen = _requested(view.request, {"head": partial(head, view), **parts})
    if not chosen:
        return {}
    return {"included": {name: _part_or_none(view, part) for name, part in chosen.items()}}


def _part_or_none(view: ApiView, part: Part) -> Any:
    try:
        return part()
    except DatabaseError as error:
        if not is_unavailable(error):
            raise
        view.validator = None  # nobody should keep an answer that lacks a part
        return None


def head(view: ApiView) -> dict[str, Any] | None:
    """Return the member's account and the number of unread notifications; None for a visitor."""
    if view.viewer is None:
        return None
    count = notifications.unread_count(view.viewer)
    return {"count": count, "account": view.represent.author(Author.of(view.viewer))}


def suggestions(view: ApiView) -> list[dict[str, Any]]:
    """Return some accounts that the member might follow: what the margin of a page has room for."""
    represent = view.represent
    return [
        represent.account(profile) for profile in discovery.suggestions(view.member, SUGGESTIONS)
    ]


def trending() -> list[dict[str, Any]]:
    """Return the tags that most messages of late have."""
    return [trend._asdict() for trend in discovery.trending()]


def account(view: ApiView, account: Account) -> dict[str, Any]:
    """Return the account as the reader sees it."""
    return view.represent.account(accounts.profile(account, viewer=view.viewer))


def pinned(view: ApiView, account: Account) -> dict[str, Any] | None:
    """Return the message that the account has pinned, if there is one that the reader may see."""
    if account.pinned_id is None:
        return None
    try:
        line = messages.line(account.pinned_id, viewer=view.viewer)
    except Message.DoesNotExist:
        return None
    return view.represent.message(line)


def message(view: ApiView, message_id: int) -> dict[str, Any]:
    """Return the message, or the gap of one that is deleted or that the reader may not see."""
    try:
        return view.represent.message(messages.line(message_id, viewer=view.viewer))
    except Message.DoesNotExist:
        return view.represent.message(DeletedMessage(message_id))


def ancestors(view: ApiView, node: conversations.Node) -> list[dict[str, Any]]:
    """Return what a message replies to, the parent last."""
    represent = view.represent
    above = conversations.ancestors(node, viewer=view.viewer)
    return [represent.message(entry) for entry in above]


def author(view: ApiView, node: conversations.Node) -> dict[str, Any] | None:
    """Return the account of a message's author, if it still exists."""
    found = accounts.by_ids([node.author_id])
    return account(view, found[node.author_id]) if found else None
