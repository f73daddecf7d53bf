"""The notebook's pages and its API."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import views

router = SimpleRouter()
router.register("notes", views.NoteViewSet)

urlpatterns = [
    path("", views.Recent.as_view(), name="recent"),
    path("join/", views.SignUp.as_view(), name="join"),
    path("numbers/", views.numbers, name="numbers"),
    path("note/<int:pk>/", views.note, name="note"),
    path("api/", include(router.urls)),
    path("<str:username>/", views.notebook, name="notebook"),
    path("<str:username>/write/", views.write, name="write"),
    path("<str:username>/bookmarks/", views.bookmarks, name="bookmarks"),
]
