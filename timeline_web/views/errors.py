"""Pages about failures: of the API, of a CSRF token, of an address."""

import re

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..forms import MessageForm
from ..site_request import SiteRequest
from .changes import asks_for_changes, changed
from .rendering import TRY_AGAIN, render_page

# The fields in which one writes, and their labels.
TEXT_FIELDS = {
    "text": gettext_lazy("Your message"),
    "display_name": gettext_lazy("Display name"),
    "bio": gettext_lazy("About you"),
    "email": gettext_lazy("Email"),
    "name": gettext_lazy("Name"),
    "reason": gettext_lazy("What is wrong with it?"),
}
# Names of fields that no page gives back.
SECRET = re.compile("password")


def error_page(
    request: SiteRequest,
    *,
    status: int,
    title: str,
    advice: str,
    detail: str = "",
    retry_after: int | None = None,
) -> HttpResponse:
    """Return a page that says what happened and what to do next.

    After a POST it gives back what was typed: in a form that sends it again if the failure is
    temporary, else to copy. The script is told the same in a sentence.
    """
    if asks_for_changes(request):
        text = ". ".join([title, detail or advice])
        return changed(text=text, status=status)
    submitted = SubmittedForm(request)
    context = {
        "status": status,
        "title": title,
        "advice": advice,
        "detail": detail,
        "can_retry": submitted.is_whole and status in (500, *TRY_AGAIN),
        "submitted": submitted,
    }
    return render_page(request, "error", context, status=status, retry_after=retry_after)


class SubmittedForm:
    """The form of a request, as far as a page may give it back.

    `is_whole` says whether it is a POST and nothing of it is missing, `hidden` is (name, value),
    `texts` (name, label, value).
    """

    def __init__(self, request: SiteRequest) -> None:
        try:
            fields = dict(request.POST.items())
            has_files = bool(request.FILES)
        except (RequestDataTooBig, MultiPartParserError, UnreadablePostError):
            fields, has_files = {}, True
        fields.pop("csrfmiddlewaretoken", None)
        kept = {name: value for name, value in fields.items() if not SECRET.search(name)}
        # Passwords and files cannot be given back, and nothing is sent again without them.
        self.is_whole = request.method == "POST" and kept == fields and not has_files
        self.hidden = [(name, value) for name, value in kept.items() if name not in TEXT_FIELDS]
        self.texts = [
            (name, label, kept[name]) for name, label in TEXT_FIELDS.items() if kept.get(name)
        ]


def bad_request(request: SiteRequest, exception: Exception) -> HttpResponse:
    """400: an unknown host name, a form cut short. 413: a form too large."""
    if isinstance(exception, RequestDataTooBig):
        return error_page(
            request,
            status=413,
            title=_("That is too large"),
            advice=_("A message has at most 280 characters."),
        )
    return error_page(
        request,
        status=400,
        title=_("Bad request"),
        advice=_("The browser sent a request that we cannot read."),
    )


def not_found(request: SiteRequest, exception: Exception) -> HttpResponse:
    """404: no page has this address."""
    return error_page(
        request,
        status=404,
        title=_("Nothing here"),
        advice=_("There is no such page, or no member of that name."),
    )


def server_error(request: SiteRequest) -> HttpResponse:
    """500: an error in the site."""
    return error_page(
        request,
        status=500,
        title=_("Something went wrong"),
        advice=_("It is our fault, not yours, and it has been written down. Please try again."),
    )


def method_not_allowed(request: SiteRequest, allowed: list[str]) -> HttpResponse:
    """405: the address of a button, opened like a page."""
    response = error_page(
        request,
        status=405,
        title=_("That is a button, not a page"),
        advice=_("Please go back, and use the button there."),
    )
    response["Allow"] = ", ".join(allowed)
    return response


def csrf_failure(request: SiteRequest, reason: str = "") -> HttpResponse:
    """403: the form did not come from a page of this site, or its cookie is gone.

    A message that was typed comes back in a new form, any other text to copy. Nothing more: a form
    that another site has made must not become one that our own button sends.
    """
    if asks_for_changes(request):
        return changed(text=_("That form had expired. Load the page anew."), status=403)
    form = None
    if request.member and request.path == reverse("add_message") and request.POST.get("text"):
        names = ("text", "in_reply_to")
        form = MessageForm(initial={name: request.POST.get(name, "") for name in names})
    context = {"form": form, "submitted": SubmittedForm(request)}
    return render_page(request, "csrf", context, status=403)
