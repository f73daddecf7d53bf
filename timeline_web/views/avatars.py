"""Avatars: a member's picture at an address of its own."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page

from .. import identicons
from ..client.errors import NotFound
from ..site_request import SiteRequest
from .decorators import allow_methods, public_response


@allow_methods("GET")
@public_response
def avatar(request: SiteRequest, username: str) -> HttpResponseBase:
    """The member's uploaded picture, else their identicon. One call of the API, or two."""
    try:
        picture = request.api.picture(username, request.GET.get("v", ""))
    except NotFound:
        return _identicon(request, request.api.account(username).username)
    headers = {"Cache-Control": picture.cache_control, "ETag": picture.etag}
    response = HttpResponse(picture.data, content_type=picture.media_type, headers=headers)
    return get_conditional_response(request, etag=picture.etag, response=response) or response


@cache_control(public=True, max_age=60)
@conditional_page
def _identicon(request: SiteRequest, username: str) -> HttpResponse:
    return HttpResponse(identicons.svg_document(username), content_type="image/svg+xml")
