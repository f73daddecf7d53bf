"""Languages: choosing one; the script's texts; and what shared caches keep, in one language."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from django.views.i18n import JavaScriptCatalog, set_language

from .access import methods

View = Callable[..., HttpResponse]


@methods("POST")
def choose(request: HttpRequest) -> HttpResponse:
    """Remember the language of the form in a cookie, then back to where one was."""
    return set_language(request)


@methods("GET")
@cache_control(public=True, max_age=3600)
@conditional_page
def texts(request: HttpRequest, code: str) -> HttpResponse:
    """The texts of comfort.js in the language `code`, as Django's gettext for scripts."""
    if code not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(code):
        return JavaScriptCatalog.as_view(packages=["timeline_web"])(request)


def spoken(view: View) -> View:
    """A view that speaks the language that its address names in `?language=`, else the first.

    For what shared caches may keep: one address must say the same to everybody, whatever their
    cookies and headers. Failures, which are pages, stay in the reader's language.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        codes = [code for code, _ in settings.LANGUAGES]
        asked = request.GET.get("language", "")
        with translation.override(asked if asked in codes else codes[0]):
            return view(request, *args, **kwargs)

    return wrapped
