"""The API's failures: one exception for each kind of answer that is not a success.

Each carries the status, the title and the advice of the page that the site shows for it.
"""

import json
from collections.abc import Mapping
from math import ceil

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _


class ApiError(Exception):
    """Any failure of a call. `str()` of it is for the log."""

    status = 500
    title = _("Something went wrong")
    advice: str | Promise = _(
        "It is our fault, not yours, and it has been written down. Please try again."
    )

    def __init__(self, detail: str = "", *, retry_after: int | None = None) -> None:
        """`detail` is the API's own text, `retry_after` the seconds to wait, if it says so."""
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(detail)


class ApiBroken(ApiError):
    """The answer is outside the API's contract: a 500, or a body of another shape."""


class ApiUnavailable(ApiError):
    """There was no answer in time, or it was a 502, 503 or 504."""

    status = 503
    title = _("We cannot reach the messages right now")
    advice = _("Nothing is lost. Please try again in a moment.")


class NotFound(ApiError):
    """No such member, message or page of a list."""

    status = 404
    title = _("Nothing here")
    advice = _("There is no such page, or no member of that name.")


class Unauthorized(ApiError):
    """The token, or the username and password, are not valid (any more)."""

    status = 401
    title = _("Please sign in")
    advice = _("You need to sign in to do this.")


class Forbidden(ApiError):
    """The member may not do this: a suspended account, somebody else's message."""

    status = 403
    title = _("Not allowed")
    advice = _("You are not allowed to do this.")


class Suspended(Forbidden):
    """An operator has suspended the member's account."""

    title = _("Your account is suspended")
    advice = _(
        "The operators have suspended it, and you have been signed out. Your messages are kept, "
        "but nobody sees them for as long as it lasts. You can go on reading as a visitor."
    )


class Throttled(ApiError):
    """Too many requests."""

    status = 429
    title = _("Too many requests")

    def __init__(self, detail: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.advice = _after(retry_after)


def _after(seconds: int | None) -> str:
    """Return the advice to try again after some seconds, in words."""
    if seconds is None:
        return gettext("Please wait a little, then try again.")
    if seconds <= 90:
        number, text = (
            seconds,
            ngettext(
                "Please wait %(number)d second, then try again.",
                "Please wait %(number)d seconds, then try again.",
                seconds,
            ),
        )
    elif seconds <= 90 * 60:
        number = ceil(seconds / 60)
        text = ngettext(
            "Please wait %(number)d minute, then try again.",
            "Please wait %(number)d minutes, then try again.",
            number,
        )
    else:
        number = ceil(seconds / 3600)
        text = ngettext(
            "Please wait %(number)d hour, then try again.",
            "Please wait %(number)d hours, then try again.",
            number,
        )
    return text % {"number": number}


class Invalid(ApiError):
    """The API rejected the data. `errors` is field → texts, "detail" for those of no field."""

    status = 400
    title = _("That did not work")
    advice = _("Please go back, check what you have sent, and try again.")

    def __init__(self, errors: dict[str, list[str]], *, retry_after: int | None = None) -> None:
        self.errors = errors
        detail = "; ".join(text for texts in errors.values() for text in texts)
        super().__init__(detail, retry_after=retry_after)


class Conflict(Invalid):
    """The data contradicts the API's state.

    The message was edited since, or the first request with this idempotency key is still running.
    """

    status = 409


class KeyReused(Invalid):
    """This idempotency key was sent with another text before."""

    status = 422


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Return the exception for an answer with a `status` other than 2xx."""
    errors = _field_errors(body)
    detail = " ".join(errors.get("detail", [])) or f"{status} from the API"
    match status:
        case 401:
            return Unauthorized(detail)
        case 403:
            is_suspended = errors.get("code") == ["account_suspended"]
            return (Suspended if is_suspended else Forbidden)(detail)
        case 404:
            return NotFound(detail)
        case 409:
            return Conflict(errors)
        case 422:
            return KeyReused(errors)
        case 429:
            return Throttled(detail, retry_after=_seconds(headers.get("Retry-After")))
        case 502 | 503 | 504:
            return ApiUnavailable(detail, retry_after=_seconds(headers.get("Retry-After")))
        case _ if 400 <= status < 500:
            return Invalid(errors)
        case _:
            return ApiBroken(detail)


def _field_errors(body: bytes) -> dict[str, list[str]]:
    """Return DRF's error body as field → texts, whatever its shape."""
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        data = {"detail": data}
    return {
        field: [str(text) for text in (texts if isinstance(texts, list) else [texts])]
        for field, texts in data.items()
    }


def _seconds(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() else None
