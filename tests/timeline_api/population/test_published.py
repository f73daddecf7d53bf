"""Who still has the published password of the demo."""

import pytest
from django.contrib.auth.models import User

from timeline_api.population import published
from timeline_api.services import accounts

pytestmark = pytest.mark.django_db(databases="__all__")


def test_it_names_demo_members_and_operators_with_the_published_password(register):
    alice = register("alice", "minitwit-demo")
    register("bob", "another one")
    register("somebody", "minitwit-demo")  # chosen by themselves
    User.objects.create_superuser("admin", password="minitwit-demo")
    User.objects.create_superuser("operator", password="another one")
    assert published.users_of("minitwit-demo") == ["alice", "admin"]
    accounts.delete(account=alice)
    assert published.users_of("minitwit-demo") == ["admin"]
