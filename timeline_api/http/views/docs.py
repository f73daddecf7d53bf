"""The OpenAPI schema, and Swagger UI for it, without anything from the internet."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

schema = SpectacularAPIView.as_view(authentication_classes=[], throttle_classes=[])

# Swagger UI sets inline styles; its script comes from a URL of its own (hence "split").
swagger = csp_update({"style-src": [SELF, UNSAFE_INLINE]})(
    SpectacularSwaggerSplitView.as_view(
        url_name="schema", authentication_classes=[], throttle_classes=[]
    )
)


def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon, which browsers request for JSON too."""
    return HttpResponseRedirect(static("timeline_api/favicon.svg"))
