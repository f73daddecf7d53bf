"""What the API's views share."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from ...models import Account, Message
from ...ops.metrics import SHARDS_MISSING
from ...selectors import accounts, messages
from ..pagination import Fetch, IdCursorPaginator
from ..permissions import IsMember
from ..representations import Answer
from ..serializers.requests import NothingSerializer

Position = Callable[[Any], int]


class ApiView(APIView):
    """An endpoint: which body each method takes, and the ways to an answer."""

    # Method → the serializer of its body; the browsable API makes its forms of them.
    bodies: ClassVar[dict[str, type[Serializer]]] = {}
    # The methods that need a login.
    members_only: ClassVar[frozenset[str]] = frozenset()
    # Method → what throttles it beside what throttles all.
    throttles: ClassVar[dict[str, type[BaseThrottle]]] = {}
    # What the browsable API's edit form starts from.
    form_instance: Any = None
    paginator: IdCursorPaginator | None = None

    def get_permissions(self) -> list[BasePermission]:
        return [IsMember() if self.request.method in self.members_only else AllowAny()]

    def get_throttles(self) -> list[BaseThrottle]:
        own = self.throttles.get(self.request.method or "")
        return [*super().get_throttles(), *([own()] if own else [])]

    def offers(self, method: str) -> bool:
        """Whether the browsable API shows this reader a form for `method`."""
        return True

    def get_serializer(self, *args: Any, **kwargs: Any) -> Serializer:
        """The serializer of this method's body. The browsable API and OPTIONS call it."""
        method = self.request.method or ""
        kwargs["context"] = {"request": self.request, "view": self}
        if method == "PATCH":
            kwargs["instance"] = self.form_instance
            kwargs["partial"] = True
        return self.bodies.get(method, NothingSerializer)(*args, **kwargs)

    def valid(self) -> dict[str, Any]:
        """The checked body of this request; raises ValidationError (400)."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    @property
    def answer(self) -> Answer:
        return Answer(self.request)

    def account_named(self, username: str) -> Account:
        """The account, or 404."""
        try:
            return accounts.by_username(username)
        except Account.DoesNotExist:
            raise NotFound(_("There is no such account.")) from None

    def message_with(self, message_id: int) -> Message:
        """The message, or 404; of a repost the message that it shows."""
        try:
            message = messages.by_id(message_id)
        except Message.DoesNotExist:
            raise NotFound(_("There is no such message.")) from None
        return message.original if message.repost_of_id else message

    def page(
        self,
        fetch: Fetch,
        *,
        position: Position,
        represent: Callable[[list[Any]], Sequence[dict[str, Any]]],
    ) -> Response:
        """The page of a list that the request asks for."""
        missing: tuple[str, ...] = ()

        def fetched(**kwargs: Any) -> Sequence[Any]:
            nonlocal missing
            rows = fetch(**kwargs)
            missing = tuple(getattr(rows, "shards_missing", ()))
            return rows

        self.paginator = IdCursorPaginator(self.request, position=position)
        rows = self.paginator.paginate(fetched)
        response = Response(self.paginator.data(list(represent(rows))))
        if missing:
            response["X-Shards-Missing"] = ", ".join(missing)
            for alias in missing:
                SHARDS_MISSING.labels(alias).inc()
        return response

    def page_of_messages(
        self, fetch: Fetch, *, timeline: bool = True, position: Position | None = None
    ) -> Response:
        """A page of Message; in a `timeline` without those of whom the reader has muted."""

        def represent(rows: list[Any]) -> list[dict[str, Any]]:
            return self.answer.messages(rows, timeline=timeline)

        return self.page(fetch, position=position or (lambda row: row.pk), represent=represent)
