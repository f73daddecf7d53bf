"""Sessions: members' login and logout in the browsable API.

The session, kept in `default`, holds a token of its own; logging out revokes it.
"""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.exceptions import APIException

from ...models import Account
from ...services import tokens
from ..authentication import SESSION_KEY, log_in
from ..forms import LoginForm

TOKEN_NAME = "Browsable API"  # noqa: S105 a label


def next_page(request: HttpRequest) -> str:
    """Return where to go after the login: `next`, if it is a path of this host."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure()):
        return url
    return reverse("api-root")


def revoke_session_token(request: HttpRequest) -> None:
    """Revoke the session's token, if it holds a live one."""
    token_id = request.session.pop(SESSION_KEY, None)
    if token_id:
        with suppress(tokens.InvalidToken):  # revoked elsewhere
            tokens.revoke(token=tokens.of_session(token_id=token_id))


def start_session(request: HttpRequest, account: Account) -> None:
    """Give the session a new key and a new token of `account`, and the browser a new CSRF token:
    whoever knows the old ones has nothing of it."""
    token, _ = tokens.issue(account=account, name=TOKEN_NAME)
    request.session.cycle_key()
    request.session[SESSION_KEY] = token.pk
    rotate_token(request)


@sensitive_post_parameters("password")
@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """GET the form; POST `username password next`, then go to `next`."""
    form = LoginForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 400 if request.method == "POST" else 200
        return login_page(request, form, status=status)
    try:
        account = log_in(request, **form.cleaned_data)
    except APIException as error:
        page = login_page(request, form, error=_text_of(error), status=error.status_code)
        if wait := getattr(error, "wait", None):
            page["Retry-After"] = str(int(wait))
        return page
    revoke_session_token(request)
    start_session(request, account)
    return HttpResponseRedirect(next_page(request))


def _text_of(error: APIException) -> str:
    detail = error.detail
    return str(detail["detail"] if isinstance(detail, dict) else detail)


def login_page(
    request: HttpRequest, form: LoginForm, *, error: str = "", status: int = 200
) -> HttpResponse:
    """Return the login page; a refused login has the status that the API gives it."""
    context = {"form": form, "error": error, "next": next_page(request)}
    page = render(request, "timeline_api/login.html", context, status=status)
    if status == 401:
        page["WWW-Authenticate"] = 'Bearer realm="api"'
    return page


@csrf_protect
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """POST, then go to `next`. A staff login in the same browser stays."""
    revoke_session_token(request)
    request.session.cycle_key()
    return HttpResponseRedirect(next_page(request))
