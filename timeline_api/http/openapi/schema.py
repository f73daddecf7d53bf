"""The OpenAPI description: what each operation takes and returns, with errors and headers."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

from ..serializers.responses import DetailSerializer

ERRORS = {
    400: "The request is invalid: `{field: [reasons]}` or `{detail}`.",
    401: "A login is needed, or the one sent is not valid.",
    403: "This member may not do that, or the account is suspended.",
    404: "It does not exist, or the cursor is malformed.",
    409: "It conflicts with another change.",
    413: "The body is over 64 KiB; with a picture, over 10 MiB.",
    415: "The body is neither JSON nor a form; a picture comes in a multipart form alone.",
    422: "The `Idempotency-Key` was used with another body.",
    429: "Too many requests. `Retry-After` says when to try again, in seconds.",
    503: "The shard that this needs does not answer. `Retry-After` says when to try again.",
}
# Any request may have a bad token, or meet a database that is down.
ALWAYS = frozenset({401, 429, 503})
WITH_BODY = frozenset({400, 413, 415})

SHARDS_MISSING = OpenApiParameter(
    "X-Shards-Missing",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="The shards that did not answer, if the list lacks what they hold.",
)
PAGING = (
    OpenApiParameter("cursor", str, description="From `next` or `previous`; opaque."),
    OpenApiParameter(
        "page_size",
        int,
        description="1 to 100, default 30. More is cut to 100; `X-Page-Size` says what it was.",
    ),
    OpenApiParameter(
        "X-Page-Size",
        int,
        OpenApiParameter.HEADER,
        response=[200],
        description="How many rows a page of this list has.",
    ),
    SHARDS_MISSING,
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description=(
        "Up to 200 printable characters of your choice. A repeated request with the same key "
        "and text gets the message that the first one made."
    ),
)


def _headers(codes: Iterable[int]) -> list[OpenApiParameter]:
    """Return the headers of the responses with these statuses."""
    where = {"Retry-After": (429, 503), "WWW-Authenticate": (401,)}
    headers = [
        OpenApiParameter(
            name, str, OpenApiParameter.HEADER, response=[c for c in statuses if c in codes]
        )
        for name, statuses in where.items()
    ]
    return [
        *headers,
        OpenApiParameter(
            "X-Request-ID",
            str,
            OpenApiParameter.HEADER,
            response=True,
            description="Yours, when it is 1 to 64 of A–Z, a–z, 0–9, dot, _ and -; else made.",
        ),
    ]


def operation(
    name: str,
    *,
    tag: str,
    summary: str,
    response: type[Serializer] | None = None,
    media_type: str = "",
    status: int = 200,
    request: type[Serializer] | None = None,
    errors: Iterable[int] = (),
    parameters: Iterable[OpenApiParameter] = (),
    done: bool = False,
) -> Callable[[Any], Any]:
    """Return extend_schema for a view's method, with its response and every error that it may have.
    A response that is no JSON has a `media_type`. `done`: it may also be a 204."""
    parameters = list(parameters)
    invalid = {400 for parameter in parameters if parameter.name == "include"}
    codes = sorted(ALWAYS | invalid | set(errors) | (WITH_BODY if request else set()))
    responses: dict[Any, Any] = {
        status: OpenApiResponse(response, description="" if response else "Done; no body.")
    }
    if done:
        responses[204] = OpenApiResponse(None, description="Done; no body.")
    if media_type:
        responses = {(status, media_type): OpenApiTypes.BINARY}
    for code in codes:
        body = OpenApiTypes.OBJECT if code == 400 else DetailSerializer
        responses[code] = OpenApiResponse(body, description=ERRORS[code])
    return extend_schema(
        operation_id=name,
        tags=[tag],
        summary=summary,
        request=request,
        responses=responses,
        parameters=[*parameters, *_headers(codes)],
    )


class ApiSchema(AutoSchema):
    """drf-spectacular's AutoSchema, with the body that deleting an account takes."""

    def map_renderers(self, attribute: str) -> list[str]:
        # Only one response is a picture, and its operation says so; the errors beside it are JSON.
        return [of for of in super().map_renderers(attribute) if of not in ("image/webp", "webp")]

    def _get_request_body(self, direction: str = "request") -> Any:
        if self.method != "DELETE" or not self.get_request_serializer():
            return super()._get_request_body(direction)
        self.method = "POST"  # the parent documents no body of a DELETE
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "timeline_api.http.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token of POST /tokens/."}


class BasicScheme(OpenApiAuthenticationExtension):
    target_class = "timeline_api.http.authentication.MemberBasicAuthentication"
    name = "basic"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "basic", "description": "Username and password."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "timeline_api.http.authentication.MemberSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The browsable API's login at /api/login/.",
        }
