"""Avatars: the picture of a member."""

from typing import Any

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ...domain import pictures
from ...models import Avatar
from ...selectors import avatars as selectors
from ...services import avatars as services
from ..exceptions import Unavailable
from ..openapi.schema import operation
from ..renderers import BrowsableRenderer, PictureRenderer
from ..serializers.requests import PictureSerializer
from ..serializers.responses import AccountSerializer
from ..throttling import PictureThrottle
from .accounts import OwnAccountView

# The form around the file: its boundaries and the file's name.
FORM_BYTES = 64 * 1024
VERSION = OpenApiParameter(
    "v",
    str,
    description="From `avatar_url`: with the current version, the response may be cached for ever.",
)


class AvatarView(OwnAccountView):
    """The picture that a member has uploaded. Its owner may replace or delete it. Without one
    `avatar_url` is null, and clients show a picture of their own."""

    bodies = {"PUT": PictureSerializer}
    throttles = {"PUT": PictureThrottle}
    members_only = frozenset({"PUT", "DELETE"})
    parser_classes = [MultiPartParser]
    # The browsable one before the picture's: a browser that opens the address takes either.
    renderer_classes = [JSONRenderer, BrowsableRenderer, PictureRenderer]
    body_limit = pictures.MAX_BYTES + FORM_BYTES

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Never answer 406: a picture comes as a picture, and an error as JSON."""
        return super().perform_content_negotiation(request, force=True)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Render a picture as a picture and all else as JSON, except for the browsable API."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if not isinstance(response, Response):  # a 304 is Django's own
            return response
        if not isinstance(response.accepted_renderer, BrowsableRenderer):
            is_picture = isinstance(response.data, bytes)
            response.accepted_renderer = PictureRenderer() if is_picture else JSONRenderer()
            response.accepted_media_type = response.accepted_renderer.media_type
        return response

    @operation(
        "avatars_retrieve",
        tag="accounts",
        summary="The picture that a member has uploaded",
        media_type=pictures.MEDIA_TYPE,
        errors=[404],
        parameters=[VERSION],
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        account = self.account_or_404(username)
        try:
            picture = selectors.of_account(account)
        except Avatar.DoesNotExist:
            raise NotFound(_("This member has no picture.")) from None
        version = account.avatar_version
        lasting = version and request.query_params.get("v") == version
        headers = {
            "Cache-Control": f"public, max-age={31_536_000 if lasting else 60}",
            "ETag": f'"{version}"',
        }
        response = Response(picture, headers=headers)
        etag = headers["ETag"]
        return get_conditional_response(request, etag=etag, response=response) or response

    @operation(
        "avatars_update",
        tag="accounts",
        summary="Upload a picture of me",
        request=PictureSerializer,
        response=AccountSerializer,
        errors=[403, 404],
    )
    def put(self, request: Request, username: str) -> Response:
        account = self.own_account(username)
        picture = self.validated_body()["picture"].read()
        try:
            account = services.replace(account=account, picture=picture)
        except pictures.Busy:
            raise Unavailable(_("Many pictures arrive just now. Try again in a moment.")) from None
        except pictures.BadPicture as error:
            raise ValidationError({"picture": [_(error.text) % error.values]}) from None
        return self.account_response(account)

    @operation(
        "avatars_delete",
        tag="accounts",
        summary="Delete my picture",
        status=204,
        errors=[403, 404],
    )
    def delete(self, request: Request, username: str) -> Response:
        services.delete(account=self.own_account(username))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_view_name(self) -> str:
        return "Picture"
