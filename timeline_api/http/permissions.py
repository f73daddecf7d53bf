"""Who may do what."""

from django.views import View
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsMember(BasePermission):
    """Somebody who is logged in as a member."""

    def has_permission(self, request: Request, view: View) -> bool:
        return bool(request.user and request.user.is_authenticated)
