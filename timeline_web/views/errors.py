"""Pages about failures: of the API, of a form's token, of an address."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from ..forms import MessageForm


def error_page(
    request: HttpRequest,
    *,
    status: int,
    title: str,
    advice: str,
    detail: str = "",
    retry_after: int | None = None,
) -> HttpResponse:
    """A page that says what happened and what to do next.

    A POST that failed for now gets a button that sends it again: what one did is not lost.
    """
    again = request.method == "POST" and status in (429, 503)
    context = {"status": status, "title": title, "advice": advice, "detail": detail, "again": again}
    response = render(request, "timeline_web/error.html", context, status=status)
    if retry_after or status == 503:
        response["Retry-After"] = str(retry_after or 2)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: a host name that is not ours, a form cut short; 413: a form too large."""
    if isinstance(exception, RequestDataTooBig):
        return error_page(
            request,
            status=413,
            title=_("That is too much"),
            advice=_("A message is 280 characters."),
        )
    return error_page(
        request,
        status=400,
        title=_("Bad request"),
        advice=_("The browser sent what we cannot read."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: no page has this address."""
    return error_page(
        request,
        status=404,
        title=_("Nothing here"),
        advice=_("There is no such page, or no member of that name."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a mistake of ours."""
    return error_page(
        request,
        status=500,
        title=_("Something went wrong"),
        advice=_("It is our fault, not yours, and it has been written down. Please try again."),
    )


def method_not_allowed(request: HttpRequest, allowed: list[str]) -> HttpResponse:
    """405: an address that does something, opened like a page."""
    response = error_page(
        request,
        status=405,
        title=_("That is a button, not a page"),
        advice=_("Please go back, and use the button there."),
    )
    response["Allow"] = ", ".join(allowed)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form did not come from a page of ours, or its cookie is gone.

    A message that was typed comes back in a fresh form.
    """
    text = request.POST.get("text", "")
    return render(
        request,
        "timeline_web/csrf.html",
        {"form": MessageForm(initial={"text": text}) if text else None},
        status=403,
    )
