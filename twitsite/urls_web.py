"""URLs of the site."""

from django.urls import include, path

urlpatterns = [
    path("", include("timeline_web.urls")),
]

handler400 = "timeline_web.views.errors.bad_request"
handler404 = "timeline_web.views.errors.not_found"
handler500 = "timeline_web.views.errors.server_error"
