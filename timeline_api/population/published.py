"""The published password of the demo: who still has it."""

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User

from ..models import Account
from ..selectors import accounts
from .profiles import DEMO


def users_of(password: str) -> list[str]:
    """Return the names of the demo members and the operators who log in with `password`. One query
    and one hash for each."""
    demo = []
    for name in DEMO:
        try:
            demo.append(accounts.by_username(name))
        except Account.DoesNotExist:
            continue
    users: list[Account | User] = [*demo, *User.objects.filter(is_active=True, is_staff=True)]
    return [user.username for user in users if check_password(password, user.password)]
