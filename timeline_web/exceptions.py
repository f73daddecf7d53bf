"""What can go wrong when the site asks the API: one name for each answer that is not a success.

Each carries the status that the page about it has, and the words for the person who reads it.
"""

from django.utils.translation import gettext_lazy as _


class ApiError(Exception):
    """Any answer of the API that is not a success; `str()` of it is for the log."""

    status = 500
    title = _("Something went wrong")
    advice = _("It is our fault, not yours, and it has been written down. Please try again.")

    def __init__(self, detail: str = "", *, retry_after: int | None = None):
        """Keep the API's own words in `detail`, and the seconds to wait in `retry_after`."""
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(detail)


class ApiBroken(ApiError):
    """The API answered what its contract does not know: a 500, or a body that is no JSON."""


class ApiUnavailable(ApiError):
    """Nobody answered in time, or what answers said 502, 503 or 504."""

    status = 503
    title = _("We cannot reach the messages right now")
    advice = _("Nothing is lost. Please try again in a moment.")


class NotFound(ApiError):
    """There is no such member, message or page of a list."""

    status = 404
    title = _("Nothing here")
    advice = _("There is no such page, or no member of that name.")


class Unauthorized(ApiError):
    """The token (or the pair of name and password) is not, or no longer, good."""

    status = 401
    title = _("Please sign in")
    advice = _("This needs somebody who is signed in.")


class Forbidden(ApiError):
    """Known, and not allowed: a suspended account, somebody else's message."""

    status = 403
    title = _("Not allowed")
    advice = _("This is not yours to do.")


class Throttled(ApiError):
    """Too many requests; `retry_after` says how many seconds to wait."""

    status = 429
    title = _("Too many requests")
    advice = _("Please wait a little, then try again.")


class Invalid(ApiError):
    """What was sent does not do; `errors` is field → texts, general ones under "detail"."""

    status = 400
    title = _("That did not work")
    advice = _("What was sent cannot be done.")

    def __init__(self, errors: dict[str, list[str]], **kwargs):
        self.errors = errors
        super().__init__("; ".join(text for texts in errors.values() for text in texts), **kwargs)


class Conflict(Invalid):
    """The first request with this idempotency key is still running, or its message is gone."""

    status = 409


class KeyReused(Invalid):
    """This idempotency key came with another text before."""

    status = 422
