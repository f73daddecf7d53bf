"""Looking at what a page asks: django-debug-toolbar."""

import re

import pytest
from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db(databases="__all__")


def test_the_toolbar_shows_the_queries_of_each_shard(client, notes):
    client.force_login(User.objects.create_superuser("root"))
    page = client.get("/admin/notebook/note/").content.decode()
    request_id = re.search(r'data-(?:request|store)-id="(\w+)"', page).group(1)
    asked = {"request_id": request_id, "store_id": request_id, "panel_id": "SQLPanel"}
    panel = client.get("/__debug__/render_panel/", asked).json()["content"]
    for alias in ("default", "shard0", "shard1", "shard2"):
        assert re.search(rf"{alias}\b", panel)
    assert "notebook_note" in panel
