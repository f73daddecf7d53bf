"""Languages: choosing one, the script's texts, and responses in the language of their address."""

from functools import wraps
from typing import ParamSpec

from django.conf import settings
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from django.views.i18n import JavaScriptCatalog
from django.views.i18n import set_language as django_set_language

from ..site_request import SiteRequest
from .decorators import View, accept_own_origin, allow_methods

P = ParamSpec("P")


@allow_methods("POST")
@accept_own_origin
def set_language(request: SiteRequest) -> HttpResponseBase:
    """Store the form's language in a cookie, then back to the page before."""
    return django_set_language(request)


@allow_methods("GET")
@cache_control(public=True, max_age=3600)
@conditional_page
def script_texts(request: SiteRequest, code: str) -> HttpResponseBase:
    """The texts of the scripts in the language `code`, as Django's JavaScriptCatalog."""
    if code not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(code):
        return JavaScriptCatalog.as_view(packages=["timeline_web"])(request)


def in_language_of_address(view: View[P]) -> View[P]:
    """Answer in the language that the address names in `?language=`, else in the first.

    For shared caches: one address must have the same answer for everybody, whatever their cookies
    and headers. Error pages stay in the reader's language.
    """

    @wraps(view)
    def wrapped(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        codes = [code for code, _ in settings.LANGUAGES]
        asked = request.GET.get("language", "")
        with translation.override(asked if asked in codes else codes[0]):
            return view(request, *args, **kwargs)

    return wrapped
