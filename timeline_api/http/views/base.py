"""The base class of the API's views."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from ...models import Account, Message
from ...ops.metrics import SHARDS_MISSING
from ...selectors import accounts, messages
from ...selectors.blocks import Blocked
from ...selectors.pages import Row
from ...selectors.rows import Entry, Profile
from ..pagination import IdCursorPaginator, PageSelector
from ..permissions import IsMember
from ..representations import Representer
from ..serializers.requests import EmptySerializer
from ..validators import NotModified, Validator, committed_before, validator_of
from . import includes


def with_shards_missing(response: Response, shards_missing: tuple[str, ...]) -> Response:
    """Return the response, with the shards that did not answer in its header, and count them."""
    if shards_missing:
        response["X-Shards-Missing"] = ", ".join(shards_missing)
    for alias in shards_missing:
        SHARDS_MISSING.labels(alias).inc()
    return response


class ApiView(APIView):
    """An endpoint: which body each method takes, who may call it, and what answers share."""

    # Method → the serializer of its body; the browsable API makes its forms of them.
    bodies: ClassVar[dict[str, type[Serializer]]] = {}
    # The methods that need a login.
    members_only: ClassVar[frozenset[str]] = frozenset()
    # Method → its throttle beside those of all methods.
    throttles: ClassVar[dict[str, type[BaseThrottle]]] = {}
    # What the browsable API's edit form starts from.
    form_instance: Any = None
    paginator: IdCursorPaginator | None = None
    validator: Validator | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who asks, and how often. Raise NotModified if they have the answer already."""
        commits = committed_before(request)
        super().initial(request, *args, **kwargs)
        self.validator = validator_of(request, commits)
        if self.validator is not None:
            self.validator.check()

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, NotModified):
            return Response(status=304)
        return super().handle_exception(error)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.validator is not None and isinstance(response, Response):
            self.validator.add_to(response)
        return response

    def get_permissions(self) -> list[BasePermission]:
        return [IsMember() if self.request.method in self.members_only else AllowAny()]

    def get_throttles(self) -> list[BaseThrottle]:
        own = self.throttles.get(self.request.method or "")
        return [*super().get_throttles(), *([own()] if own else [])]

    def shows_form_for(self, method: str) -> bool:
        """Return whether the browsable API shows this reader a form for `method`."""
        return True

    @property
    def viewer(self) -> Account | None:
        """The member who makes this request; None for a visitor."""
        user: object = self.request.user
        return user if isinstance(user, Account) else None

    @property
    def member(self) -> Account:
        """The member who makes this request, by a method that is `members_only`."""
        assert self.viewer is not None
        return self.viewer

    def get_serializer(self, *args: Any, **kwargs: Any) -> Serializer:
        """Return the serializer of this method's body. The browsable API and OPTIONS call it."""
        method = self.request.method or ""
        kwargs["context"] = {"request": self.request, "view": self}
        if method == "PATCH":
            kwargs["instance"] = self.form_instance
            kwargs["partial"] = True
        return self.bodies.get(method, EmptySerializer)(*args, **kwargs)

    def validated_body(self) -> dict[str, Any]:
        """Return the body of this request. Raise ValidationError (400)."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    @property
    def represent(self) -> Representer:
        return Representer(self.request)

    def account_or_404(self, username: str) -> Account:
        try:
            return accounts.by_username(username)
        except Account.DoesNotExist:
            raise NotFound(_("There is no such account.")) from None

    def seen_account_or_404(self, username: str) -> Account:
        """Return the account, for reading its lists. Raise Blocked (403) if one of the two has
        blocked the other."""
        account = self.account_or_404(username)
        if self.is_hidden(account.pk):
            raise Blocked
        return account

    def is_hidden(self, account_id: int) -> bool:
        """Return whether the reader does not see the account. One query on the reader's shard; none
        for a visitor, or for oneself."""
        if self.viewer is None or self.viewer.pk == account_id:
            return False
        of_viewer = accounts.relationships(self.viewer, [account_id])[account_id]
        return of_viewer.blocking or of_viewer.blocked_by

    def seen_message_or_404(self, message_id: int) -> Message:
        """Return the message, of a repost the original, for reading what is below it. It is not
        there for a reader if the author and they do not see each other."""
        message = self.message_or_404(message_id)
        if self.is_hidden(message.author_id):
            raise NotFound(_("There is no such message."))
        return message

    def message_or_404(self, message_id: int) -> Message:
        """Return the message, of a repost the original, for acting on it: services check blocks."""
        try:
            return messages.shown_by_id(message_id)
        except Message.DoesNotExist:
            raise NotFound(_("There is no such message.")) from None

    def answer(self, body: dict[str, Any], **parts: includes.Part) -> Response:
        """Return the response to a read, with what the request includes of the head and `parts`."""
        return Response({**body, **includes.included(self, parts)})

    def page(
        self,
        selector: PageSelector[Row],
        represent: Callable[[Row], dict[str, Any]],
        **parts: includes.Part,
    ) -> Response:
        """Return the page of a list that the request asks for, as `answer` does."""
        self.paginator = IdCursorPaginator(self.request)
        page = self.paginator.paginate(selector)
        data = self.paginator.data([represent(row) for row in page])
        response = with_shards_missing(self.answer(data, **parts), page.shards_missing)
        response["X-Page-Size"] = str(self.paginator.size)
        return response

    def page_of_messages(self, selector: PageSelector[Entry], **parts: includes.Part) -> Response:
        return self.page(selector, self.represent.message, **parts)

    def page_of_accounts(self, selector: PageSelector[Profile]) -> Response:
        return self.page(selector, self.represent.account)
