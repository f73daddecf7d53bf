"""URLs of the project: its admin, and the notebook."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("tests.notes.notebook.urls")),
]
