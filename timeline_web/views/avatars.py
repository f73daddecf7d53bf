"""Avatars: a member's picture at an address of its own."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page

from .. import avatars
from ..exceptions import NotFound
from .access import for_everybody, methods


@methods("GET")
@for_everybody
def show(request: HttpRequest, username: str) -> HttpResponse:
    """The picture of a member: the uploaded one, or the one that is drawn from the name. One call
    of the API, for a drawn one two."""
    try:
        picture = request.api.picture(username, request.GET.get("v", ""))
    except NotFound:
        return _drawn(request, request.api.account(username).username)
    headers = {"Cache-Control": picture.cache_control, "ETag": picture.etag}
    response = HttpResponse(picture.data, content_type=picture.media_type, headers=headers)
    return get_conditional_response(request, etag=picture.etag, response=response)


@cache_control(public=True, max_age=60)
@conditional_page
def _drawn(request: HttpRequest, username: str) -> HttpResponse:
    return HttpResponse(avatars.document(username), content_type="image/svg+xml")
