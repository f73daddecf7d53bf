"""The notebook's URLs, and the toolbar's."""

from django.urls import include, path

from tests.notes.urls import urlpatterns as notes

urlpatterns = [path("__debug__/", include("debug_toolbar.urls")), *notes]
