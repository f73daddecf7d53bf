"""The admin's site: its first page, and its doors."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled

from .http.authentication import LoginLimit
from .selectors import figures


class OperatorLoginForm(AdminAuthenticationForm):
    """Django's, with the limit of wrong passwords that the API's logins have."""

    throttled: Throttled | None = None

    def clean(self) -> dict[str, Any]:
        assert self.request is not None  # LoginView gives it
        limit = LoginLimit(
            self.request, self.cleaned_data.get("username") or "", wrong=forms.ValidationError
        )
        try:
            with limit:
                return super().clean()
        except Throttled as error:
            self.throttled = error
            raise forms.ValidationError(str(error.detail)) from None


class OperatorSite(AdminSite):
    """Leads to the site; shows first what waits for an operator, and the numbers of the day."""

    site_header = site_title = "Twitsite operators"
    index_title = "Accounts, messages, follows and tokens"
    index_template = "timeline_api/admin_index.html"
    login_form = OperatorLoginForm

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"site_url": settings.SITE_URL}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().index(request, {"figures": shown(request), **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().login(request, extra_context)
        form = (getattr(response, "context_data", None) or {}).get("form")
        return _refused(response, getattr(form, "throttled", None))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Limited as logins are: the form asks for the old password."""
        if request.method != "POST":
            return super().password_change(request, extra_context)
        limit = LoginLimit(request, request.user.get_username(), wrong=_NotChanged)
        try:
            with limit:
                response = super().password_change(request, extra_context)
                if response.status_code != 302:
                    raise _NotChanged(response)
        except _NotChanged as refused:
            return refused.response
        except Throttled as error:
            return _refused(HttpResponse(str(error.detail), content_type="text/plain"), error)
        return response


class _NotChanged(Exception):
    """The form was refused, perhaps for the old password."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response


def _refused(response: Any, error: Throttled | None) -> Any:
    if error is not None:
        response.status_code = 429
        response["Retry-After"] = str(int(getattr(error, "wait", 1)))
    return response


def shown(request: HttpRequest) -> list[tuple[str, int, str]]:
    """Return the label, number and link of each figure that this operator may look at."""
    found = figures.today()
    wanted = [
        ("report", _("open reports"), found.open_reports, ""),
        ("outbox", _("parked events"), found.parked_events, "?parked_at__isempty=0"),
        ("outbox", _("waiting events"), found.waiting_events, "?parked_at__isempty=1"),
        ("account", _("new members in a day"), found.new_accounts, "?made=day"),
        ("message", _("messages in a day"), found.new_messages, "?made=day"),
    ]
    return [
        (label, number, reverse(f"admin:timeline_api_{model}_changelist") + query)
        for model, label, number, query in wanted
        if request.user.has_perm(f"timeline_api.view_{model}")
    ]
