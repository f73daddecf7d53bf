"""Registering, logging in and logging out."""

from contextlib import suppress

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from ..browsers import session_name
from ..client.errors import (
    ApiError,
    ApiUnavailable,
    Forbidden,
    Invalid,
    Suspended,
    Throttled,
    Unauthorized,
)
from ..client_ip import client_ip
from ..conf import conf
from ..forms import BAD_LOGIN, LoginForm, RegistrationForm
from ..sessions import registered, remember_registered, sign_in, sign_out
from ..site_request import SiteRequest
from .decorators import allow_methods, visitors_only
from .form_pages import FORM_ERRORS, failed_form_page, form_page
from .navigation import safe_path


@allow_methods("GET", "POST")
@sensitive_post_parameters("password", "password2")
@visitors_only
def register(request: SiteRequest) -> HttpResponse:
    """The registration form, and registering; then to the login, or home with
    SIGN_IN_AFTER_SIGN_UP."""
    if request.method != "POST":
        return form_page(request, "register", RegistrationForm())
    form = RegistrationForm(request.POST)
    if not form.is_valid():
        return form_page(request, "register", form, status=400)
    data = form.cleaned_data
    try:
        request.api.register(
            username=data["username"], email=data["email"], password=data["password"]
        )
    except FORM_ERRORS as error:
        return failed_form_page(request, "register", form, error)
    if conf.SIGN_IN_AFTER_SIGN_UP and _signed_in(request, data["username"], data["password"]):
        messages.success(request, _("Welcome! You are signed up and signed in"))
        return redirect("home")
    remember_registered(request, data["username"])
    messages.success(request, _("You were successfully registered and can login now"))
    return redirect("login")


def _signed_in(request: SiteRequest, username: str, password: str) -> bool:
    """Sign a new member in. Return whether that was possible: the account is there either way."""
    try:
        token, account = request.api.log_in(
            username=username, password=password, name=_session_name(request)
        )
    except ApiError:
        return False
    sign_in(request, username=account.username, token=token)
    return True


def _session_name(request: SiteRequest) -> str:
    """Return what a new session is called in the list of sessions."""
    return session_name(request.headers.get("User-Agent", ""), client_ip(request)) or _("Website")


@allow_methods("GET", "POST")
@sensitive_post_parameters("password")
@visitors_only
def login(request: SiteRequest) -> HttpResponse:
    """The login form, and logging in; then home, or to the page of this site in `next`."""
    if request.method != "POST":
        form = LoginForm(
            initial={"next": request.GET.get("next", ""), "username": registered(request)}
        )
        return form_page(request, "login", form)
    form = LoginForm(request.POST)
    if not form.is_valid():
        return form_page(request, "login", form, status=400)
    data = form.cleaned_data
    try:
        token, account = request.api.log_in(
            username=data["username"], password=data["password"], name=_session_name(request)
        )
    except (Unauthorized, Invalid):
        form.add_field_error("username", BAD_LOGIN)
        return form_page(request, "login", form, status=400)
    except Forbidden as error:
        form.add_field_error("username", error.detail)
        return form_page(request, "login", form, status=403)
    except (ApiUnavailable, Throttled) as error:
        return failed_form_page(request, "login", form, error)
    sign_in(request, username=account.username, token=token)
    messages.success(request, _("You were logged in"))
    return redirect(safe_path(request, data["next"]) or "home")


@allow_methods("POST")
def logout(request: SiteRequest) -> HttpResponse:
    """Revoke the token in the API, then end the session.

    In this order: if the API were gone and the cookie cleaned, a copy of the cookie would still
    work, and its owner could not end it. So that is a 503 page which offers to try again.
    """
    if request.member:
        with suppress(Unauthorized, Suspended):  # it is of no use already
            request.api.log_out()
        sign_out(request)
        messages.success(request, _("You were logged out"), extra_tags="left")
    return redirect("public")
