"""URLs of the API."""

from django.urls import include, path

urlpatterns = [
    path("", include("timeline_api.http.urls")),
]

handler400 = "timeline_api.http.views.errors.bad_request"
handler403 = "timeline_api.http.views.errors.permission_denied"
handler404 = "timeline_api.http.views.errors.not_found"
handler500 = "timeline_api.http.views.errors.server_error"
