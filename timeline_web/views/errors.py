"""Pages about failures: of the API, of a form's token, of an address."""

import re

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..forms import MessageForm

# The fields that one writes in, and what to call them.
WRITTEN = {
    "text": gettext_lazy("Your message"),
    "display_name": gettext_lazy("Display name"),
    "bio": gettext_lazy("About you"),
    "email": gettext_lazy("Email"),
    "name": gettext_lazy("Name"),
    "reason": gettext_lazy("What is wrong with it?"),
}
# What no page gives back, by name.
SECRET = re.compile("password")


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

    A POST that failed for now gets a button that sends it again, and of any other POST what one has
    written is there to copy: what one did is not lost.
    """
    sent = _Form(request)
    context = {
        "status": status,
        "title": title,
        "advice": advice,
        "detail": detail,
        "again": sent.is_whole and status in (429, 500, 503),
        "sent": sent,
    }
    response = render(request, "timeline_web/error.html", context, status=status)
    if retry_after or status == 503:
        response["Retry-After"] = str(retry_after or 2)
    return response


class _Form:
    """What the form of a request held, as far as a page may give it back."""

    def __init__(self, request: HttpRequest) -> None:
        try:
            sent, files = request.POST.dict(), request.FILES
        except (RequestDataTooBig, MultiPartParserError, UnreadablePostError):
            sent, files = {}, {"body": "unread"}
        sent.pop("csrfmiddlewaretoken", None)
        kept = {name: value for name, value in sent.items() if not SECRET.search(name)}
        # No password and no file can be given back, and nothing is sent again without them.
        self.is_whole = request.method == "POST" and kept == sent and not files
        self.hidden = [(name, value) for name, value in kept.items() if name not in WRITTEN]
        self.written = [(name, WRITTEN[name], kept[name]) for name in WRITTEN if kept.get(name)]


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

    A message that was typed comes back in a fresh form, any other text to copy. No more than that:
    a form of somebody else's making must not become one that our own button sends.
    """
    form = None
    if request.member and request.path == reverse("add_message") and request.POST.get("text"):
        names = ("text", "in_reply_to")
        form = MessageForm(initial={name: request.POST.get(name, "") for name in names})
    context = {"form": form, "sent": _Form(request)}
    return render(request, "timeline_web/csrf.html", context, status=403)
