"""Registering, logging in and logging out."""

from contextlib import suppress

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from .. import membership
from ..exceptions import ApiError, ApiUnavailable, Forbidden, Invalid, Throttled, Unauthorized
from ..forms import BAD_LOGIN, LoginForm, OneErrorForm, RegistrationForm
from .access import methods, safe_path, visitors_only


@sensitive_post_parameters("password", "password2")
@methods("GET", "POST")
@visitors_only
def register(request: HttpRequest) -> HttpResponse:
    """The registration form, and registering; then to the login."""
    if request.method != "POST":
        return _page(request, "register", RegistrationForm())
    form = RegistrationForm(request.POST)
    if not form.is_valid():
        return _page(request, "register", form, status=400)
    data = form.cleaned_data
    try:
        request.api.register(
            username=data["username"], email=data["email"], password=data["password"]
        )
    except Invalid as error:
        form.refuse_as_the_api_did(error.errors)
        return _page(request, "register", form, status=400)
    except (ApiUnavailable, Throttled) as error:
        return _later(request, "register", form, error)
    messages.success(request, _("You were successfully registered and can login now"))
    return redirect("login")


@sensitive_post_parameters("password")
@methods("GET", "POST")
@visitors_only
def login(request: HttpRequest) -> HttpResponse:
    """The login form, and logging in; then home, or to the page of ours that `next` names."""
    if request.method != "POST":
        return _page(request, "login", LoginForm(initial={"next": request.GET.get("next", "")}))
    form = LoginForm(request.POST)
    if not form.is_valid():
        return _page(request, "login", form, status=400)
    data = form.cleaned_data
    try:
        token, account = request.api.log_in(
            username=data["username"], password=data["password"], name=_("Website")
        )
    except (Unauthorized, Invalid):
        form.refuse("username", BAD_LOGIN)
        return _page(request, "login", form, status=400)
    except Forbidden as error:
        form.refuse("username", error.detail)
        return _page(request, "login", form, status=403)
    except (ApiUnavailable, Throttled) as error:
        return _later(request, "login", form, error)
    membership.begin(request, username=account.username, token=token)
    messages.success(request, _("You were logged in"))
    return redirect(safe_path(request, data["next"]) or "home")


@methods("POST")
def logout(request: HttpRequest) -> HttpResponse:
    """Revoke the token in the API, then forget the member.

    In this order: were the API gone and the cookie cleaned, a copy of the cookie would go on
    working and its owner could no longer end it. So that is a 503 which offers to try again.
    """
    if request.member:
        with suppress(Unauthorized):  # revoked before, which is what was asked for
            request.api.log_out()
        membership.end(request)
        messages.success(request, _("You were logged out"))
    return redirect("public")


def _page(request: HttpRequest, name: str, form: OneErrorForm, *, status: int = 200):
    """The form's page. Passwords are never written back into it."""
    return render(request, f"timeline_web/{name}.html", {"form": form}, status=status)


def _later(request: HttpRequest, name: str, form: OneErrorForm, error: ApiError) -> HttpResponse:
    """The form again with what was typed: the API cannot be reached, or it was asked too often."""
    form.refuse("", f"{error.title}. {error.advice}")
    response = _page(request, name, form, status=error.status)
    response["Retry-After"] = str(error.retry_after or 2)
    return response
