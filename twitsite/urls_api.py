"""URLs of the API."""

from django.urls import include, path

urlpatterns = [
    path("", include("timeline_api.urls")),
]

handler400 = "timeline_api.views.errors.bad_request"
handler403 = "timeline_api.views.errors.permission_denied"
handler404 = "timeline_api.views.errors.not_found"
handler500 = "timeline_api.views.errors.server_error"
