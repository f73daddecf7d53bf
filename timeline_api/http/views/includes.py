"""Includes: further parts of a page, in the response of its list, so that a client asks once.

`?include=head,suggestions` adds `included`, with a key for each part. The page does without a part
whose shard does not answer: it is null.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from ...models import Account, Message
from ...selectors import accounts, discovery, messages, notifications
from ...selectors.rows import Author
from ..exceptions import is_unavailable
from .base import ApiView

# Return what `included` has under a name.
Part = Callable[[], Any]


def parameter(*names: str) -> OpenApiParameter:
    """Return the description of `?include=` for a list that has these parts."""
    return OpenApiParameter(
        "include",
        str,
        many=True,
        enum=names,
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


def included(request: Request, parts: Mapping[str, Part]) -> Callable[[], dict[str, Any]] | None:
    """Return how to make `included`, None if the request asks for no part. Raise ValidationError
    (400) for parts that are not in `parts`."""
    chosen = _requested(request, parts)
    if not chosen:
        return None
    return lambda: {name: _part_or_none(part) for name, part in chosen.items()}


def _part_or_none(part: Part) -> Any:
    try:
        return part()
    except DatabaseError as error:
        if not is_unavailable(error):
            raise
        return None


def head(view: ApiView) -> dict[str, Any] | None:
    """Return the member's account and the number of unread notifications; None for a visitor."""
    if view.viewer is None:
        return None
    count = notifications.unread_count(view.viewer)
    return {"count": count, "account": view.represent.author(Author.of(view.viewer))}


def suggestions(view: ApiView) -> list[dict[str, Any]]:
    """Return accounts that the member might follow."""
    represent = view.represent
    return [represent.account(profile) for profile in discovery.suggestions(view.member)]


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
