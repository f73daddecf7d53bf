"""URLs of the service."""

urlpatterns: list = []
