"""Pages of forms: shown, and shown again with what was typed and what is wrong."""

from django.http import HttpResponse

from ..client.errors import ApiError, ApiUnavailable, Invalid, Throttled
from ..forms import OneErrorForm
from ..site_request import SiteRequest
from .rendering import render_page

# Errors of the API after which a form comes back; any other is a page of its own.
FORM_ERRORS = (Invalid, ApiUnavailable, Throttled)


def form_page(
    request: SiteRequest, template: str, form: OneErrorForm, *, status: int = 200, **context: object
) -> HttpResponse:
    """Return the page of `form`. No template writes a password back."""
    return render_page(request, template, {"form": form, **context}, status=status)


def failed_form_page(
    request: SiteRequest, template: str, form: OneErrorForm, error: ApiError, **context: object
) -> HttpResponse:
    """Return the page of `form` with the API's `error`, its status and its Retry-After."""
    form.add_api_error(error)
    return render_page(
        request,
        template,
        {"form": form, **context},
        status=error.status,
        retry_after=error.retry_after,
    )
