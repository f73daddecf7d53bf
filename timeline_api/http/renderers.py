"""Renderers: JSON, pictures, and the browsable API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request, override_method

from ..domain import pictures

if TYPE_CHECKING:  # rest_framework.views imports this module, by the settings
    from .views.base import ApiView


class FastJSONRenderer(JSONRenderer):
    """JSON by orjson, byte for byte as DRF's own renderer writes it, in a tenth of the time.

    An `indent` in the Accept header is left to DRF.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None or self.get_indent(accepted_media_type or "", renderer_context or {}):
            return super().render(data, accepted_media_type, renderer_context)
        # U+2028 and U+2029 end a line in JavaScript; DRF escapes them.
        return (
            orjson.dumps(data, default=self._encode)
            .replace(b"\xe2\x80\xa8", b"\\u2028")
            .replace(b"\xe2\x80\xa9", b"\\u2029")
        )

    def _encode(self, value: Any) -> Any:
        """Return what orjson does not know, as DRF's encoder would, such as lazy translations."""
        return self.encoder_class().default(value)


class PictureRenderer(BaseRenderer):
    """A picture, as it is stored."""

    media_type = pictures.MEDIA_TYPE
    format = "webp"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: bytes,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return data


class BrowsableRenderer(BrowsableAPIRenderer):
    """DRF's browsable API, with forms for PATCH and for a DELETE that takes a body.

    A form is shown to those alone who may send it (`ApiView.shows_form_for`).
    """

    template = "timeline_api/browsable.html"

    def show_form_for_method(self, view: Any, method: str, request: Request, obj: Any) -> bool:
        is_allowed = super().show_form_for_method(view, method, request, obj)
        return bool(is_allowed and view.shows_form_for(method))

    def get_content(self, renderer: BaseRenderer, data: Any, *args: Any) -> str:
        if isinstance(data, bytes):
            return f"[a picture of {len(data)} bytes]"
        return super().get_content(renderer, data, *args)

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        context = super().get_context(data, accepted_media_type, renderer_context)
        view, request = context["view"], context["request"]
        context["code_style"] = None  # an inline style, which the CSP forbids
        context["patch_form"] = self.get_rendered_html_form(data, view, "PATCH", request)
        if context["delete_form"] and "DELETE" in view.bodies:
            context["delete_form"] = False
            context["delete_body_form"] = self._delete_form(view, request)
        return context

    def _delete_form(self, view: ApiView, request: Request) -> str | None:
        with override_method(view, request, "DELETE"):
            return self.render_form_for_serializer(view.get_serializer())
