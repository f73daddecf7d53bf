"""Settings: profile, password, sessions and tokens, export, deleting the account."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from ..client.errors import Invalid, Throttled
from ..forms import DeletionForm, OneErrorForm, PasswordForm, PictureForm, ProfileForm, TokenForm
from ..sessions import sign_in, sign_out
from ..site_request import MemberRequest
from ..zones import COOKIE, COOKIE_SECONDS, ZONES, chosen_zone, is_zone
from .changes import asks_for_changes, changed
from .decorators import allow_methods, members_only
from .form_pages import FORM_ERRORS, failed_form_page, form_page
from .navigation import redirect_back


@allow_methods("GET", "POST")
@members_only
def profile(request: MemberRequest) -> HttpResponse:
    """Display name, bio and e-mail."""
    name = request.member.username
    if request.method != "POST":
        return form_page(
            request,
            "settings_profile",
            _profile_form(request),
            tab="profile",
            zones=ZONES,
            zone=chosen_zone(request),
        )
    return _submitted(
        request,
        "profile",
        ProfileForm(request.POST),
        lambda data: request.api.update_profile(name, **data),
        _("Your profile was changed"),
    )


def _profile_form(request: MemberRequest) -> ProfileForm:
    account = request.api.shown_account(request.member.username)
    initial = {"display_name": account.display_name, "bio": account.bio, "email": account.email}
    return ProfileForm(initial=initial)


@allow_methods("POST")
@members_only
def zone(request: MemberRequest) -> HttpResponse:
    """Store the zone in which times are shown in a cookie of this browser, or delete it."""
    response = redirect("settings")
    name = request.POST.get("zone", "")
    if is_zone(name):
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(
            COOKIE, name, COOKIE_SECONDS, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    messages.success(request, _("The time zone was changed"))
    return response


@allow_methods("POST")
@members_only
def picture(request: MemberRequest) -> HttpResponse:
    """Upload one's picture; or the profile page with what is wrong with it."""
    form = PictureForm(request.POST, request.FILES)
    status = 400
    if form.is_valid():
        try:
            request.api.upload_picture(request.member.username, form.cleaned_data["picture"])
        except (Invalid, Throttled) as error:
            form.add_api_error(error)
            status = error.status
        else:
            messages.success(request, _("Your picture was changed"))
            return redirect("settings")
    return form_page(
        request,
        "settings_profile",
        _profile_form(request),
        status=status,
        picture_form=form,
        tab="profile",
    )


@allow_methods("POST")
@members_only
def remove_picture(request: MemberRequest) -> HttpResponse:
    """Delete one's picture, so that the identicon is shown."""
    request.api.delete_picture(request.member.username)
    messages.success(request, _("Your picture was removed"))
    return redirect("settings")


@allow_methods("GET", "POST")
@sensitive_post_parameters("old_password", "password", "password2")
@members_only
def password(request: MemberRequest) -> HttpResponse:
    """A new password; all other sessions and tokens are revoked."""
    if request.method != "POST":
        return form_page(request, "settings_password", PasswordForm(), tab="password")

    def change(data: dict[str, Any]) -> None:
        name = request.member.username
        token = request.api.change_password(
            name, old_password=data["old_password"], new_password=data["password"]
        )
        # A copy of the cookie of before is worth nothing from now on.
        sign_in(request, username=name, token=token)

    text = _("Your password was changed, and you were signed out everywhere else")
    return _submitted(request, "password", PasswordForm(request.POST), change, text)


@allow_methods("GET", "POST")
@members_only
def sessions(request: MemberRequest) -> HttpResponse:
    """One's sessions and tokens; a new token is shown once."""
    if request.method != "POST":
        return _sessions_page(request, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _sessions_page(request, form, status=400)
    try:
        token = request.api.create_token(form.cleaned_data["name"])
    except Invalid as error:
        form.add_api_error(error)
        return _sessions_page(request, form, status=400)
    return _sessions_page(request, TokenForm(), token=token)


@allow_methods("POST")
@members_only
def revoke_token(request: MemberRequest, token_id: str) -> HttpResponse:
    """Revoke a session or a token."""
    request.api.revoke_token(token_id)
    text = _("It was ended")
    if asks_for_changes(request):
        return changed((f'.person:has([formaction="{request.path}"])', ""), text=text)
    messages.success(request, text)
    return redirect_back(request, reverse("settings_sessions"))


@allow_methods("GET")
@members_only
def export(request: MemberRequest) -> HttpResponse:
    """Everything of the account, as one file."""
    name = request.member.username
    response = HttpResponse(request.api.export(name), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="twitsite-{name}.json"'
    return response


@allow_methods("GET", "POST")
@sensitive_post_parameters("password")
@members_only
def delete(request: MemberRequest) -> HttpResponse:
    """What deleting the account means, and deleting it."""
    if request.method != "POST":
        return form_page(request, "settings_delete", DeletionForm(), tab="delete")
    form = DeletionForm(request.POST)

    def leave(data: dict[str, Any]) -> None:
        request.api.delete_account(request.member.username, password=data["password"])
        sign_out(request)

    return _submitted(request, "delete", form, leave, _("Your account was deleted"), to="public")


def _submitted(
    request: MemberRequest,
    tab: str,
    form: OneErrorForm,
    action: Callable[[dict[str, Any]], object],
    success: str,
    *,
    to: str = "",
) -> HttpResponse:
    """Run `action` on the form's data, flash `success` and redirect to the page, or to `to`.

    Return the form's page again if the form or the API rejects the data.
    """
    if not form.is_valid():
        return form_page(request, f"settings_{tab}", form, status=400, tab=tab)
    try:
        action(form.cleaned_data)
    except FORM_ERRORS as error:
        return failed_form_page(request, f"settings_{tab}", form, error, tab=tab)
    messages.success(request, success, extra_tags="left" if to else "")
    return redirect(to or request.path)


def _sessions_page(
    request: MemberRequest, form: TokenForm, *, token: str = "", status: int = 200
) -> HttpResponse:
    page = request.api.tokens(request.GET.get("cursor", ""))
    return form_page(
        request,
        "settings_sessions",
        form,
        status=status,
        page=page,
        token=token,
        tab="sessions",
    )
