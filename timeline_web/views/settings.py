"""Settings: profile, password, sessions and tokens, export, leaving."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from .. import membership
from ..exceptions import ApiError, ApiUnavailable, Invalid, Throttled
from ..forms import DeletionForm, OneErrorForm, PasswordForm, PictureForm, ProfileForm, TokenForm
from .access import members_only, methods


@methods("GET", "POST")
@members_only
def profile(request: HttpRequest) -> HttpResponse:
    """Display name, bio and e-mail."""
    name = request.member.username
    if request.method != "POST":
        return _page(request, "profile", _filled_in(request))
    form = ProfileForm(request.POST)
    return _done(
        request,
        "profile",
        form,
        lambda data: request.api.update_profile(name, **data),
        _("Your profile was changed"),
    )


def _filled_in(request: HttpRequest) -> ProfileForm:
    account = request.api.account(request.member.username)
    return ProfileForm(initial={name: getattr(account, name) for name in ProfileForm.base_fields})


@methods("POST")
@members_only
def picture(request: HttpRequest) -> HttpResponse:
    """Upload a picture of oneself; or the page again with what is wrong with it."""
    form = PictureForm(request.POST, request.FILES)
    status = 400
    if form.is_valid():
        file = form.cleaned_data["picture"]
        try:
            request.api.upload_picture(request.member.username, file)
        except (Invalid, Throttled) as error:
            form.refuse("picture", _why(error))
            status = error.status
        else:
            messages.success(request, _("Your picture was changed"))
            return redirect("settings")
    context = {"form": _filled_in(request), "picture_form": form, "here": "profile"}
    return render(request, "timeline_web/settings_profile.html", context, status=status)


@methods("POST")
@members_only
def remove_picture(request: HttpRequest) -> HttpResponse:
    """Back to the picture that is drawn from the name."""
    request.api.remove_picture(request.member.username)
    messages.success(request, _("Your picture was removed"))
    return redirect("settings")


@sensitive_post_parameters("old_password", "password", "password2")
@methods("GET", "POST")
@members_only
def password(request: HttpRequest) -> HttpResponse:
    """A new password; all other sessions and tokens end."""
    if request.method != "POST":
        return _page(request, "password", PasswordForm())

    def change(data: dict[str, str]) -> None:
        request.api.change_password(
            request.member.username,
            old_password=data["old_password"],
            new_password=data["password"],
        )

    text = _("Your password was changed, and you were logged out everywhere else")
    return _done(request, "password", PasswordForm(request.POST), change, text)


@methods("GET", "POST")
@members_only
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in, and the tokens of one's programs; a new one is shown once."""
    if request.method != "POST":
        return _sessions_page(request, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _sessions_page(request, form, status=400)
    try:
        token = request.api.make_token(form.cleaned_data["name"])
    except Invalid as error:
        form.refuse("name", " ".join(text for texts in error.errors.values() for text in texts))
        return _sessions_page(request, form, status=400)
    return _sessions_page(request, TokenForm(), token=token)


@methods("POST")
@members_only
def revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    """End a session or a token."""
    request.api.revoke_token(token_id)
    messages.success(request, _("It was ended"))
    return redirect("settings_sessions")


@methods("GET")
@members_only
def export(request: HttpRequest) -> HttpResponse:
    """Everything of one's own, as one file."""
    name = request.member.username
    response = HttpResponse(request.api.export(name), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="twitsite-{name}.json"'
    return response


@sensitive_post_parameters("password")
@methods("GET", "POST")
@members_only
def delete(request: HttpRequest) -> HttpResponse:
    """What leaving means, and leaving."""
    if request.method != "POST":
        return _page(request, "delete", DeletionForm())
    form = DeletionForm(request.POST)

    def leave(data: dict[str, str]) -> None:
        request.api.delete_account(request.member.username, password=data["password"])
        membership.end(request)
        request.member = None

    return _done(request, "delete", form, leave, _("Your account was deleted"), to="public")


def _done(
    request: HttpRequest,
    name: str,
    form: OneErrorForm,
    action: Callable[[dict], object],
    text: str,
    *,
    to: str = "",
) -> HttpResponse:
    """Do `action` with what the form holds and say `text`; or the form again with what is
    wrong."""
    if not form.is_valid():
        return _page(request, name, form, status=400)
    try:
        action(form.cleaned_data)
    except Invalid as error:
        form.refuse_as_the_api_did(error.errors)
        return _page(request, name, form, status=error.status)
    except (ApiUnavailable, Throttled) as error:
        return _later(request, name, form, error)
    messages.success(request, text)
    return redirect(to or request.path)


def _sessions_page(
    request: HttpRequest, form: TokenForm, *, token: str = "", status: int = 200
) -> HttpResponse:
    page = request.api.tokens(request.GET.get("cursor", ""))
    context = {"page": page, "form": form, "token": token, "here": "sessions"}
    return render(request, "timeline_web/settings_sessions.html", context, status=status)


def _page(
    request: HttpRequest, name: str, form: OneErrorForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "here": name}
    return render(request, f"timeline_web/settings_{name}.html", context, status=status)


def _why(error: ApiError) -> str:
    return str(error) if isinstance(error, Invalid) else f"{error.title}. {error.advice}"


def _later(request: HttpRequest, name: str, form: OneErrorForm, error: ApiError) -> HttpResponse:
    form.refuse("", _why(error))
    response = _page(request, name, form, status=error.status)
    response["Retry-After"] = str(error.retry_after or 2)
    return response
