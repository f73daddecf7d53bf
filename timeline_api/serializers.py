"""What the API takes, checked, and what it gives.

What it gives is written as plain dicts: a page of 30 messages through nested ModelSerializers took
two and a half times as long. The read-only serializers tell OpenAPI the shapes; a test holds
the two together.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import get_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request

from .authentication import PASSWORD_MAX_LENGTH
from .models import Account, Message, Token
from .usernames import USERNAME, is_reserved

PASSWORD_STYLE = {"input_type": "password", "autocomplete": "current-password"}
EXAMPLE_ID = "161514131211109876"
EXAMPLE_TIME = "2026-11-24T09:30:00.123456Z"
EXAMPLE_AUTHOR = {
    "id": EXAMPLE_ID,
    "username": "alice",
    "display_name": "Alice",
    "url": "http://localhost:8080/api/v1/accounts/alice/",
}
EXAMPLE_ACCOUNT = {
    "id": EXAMPLE_ID,
    "username": "alice",
    "display_name": "Alice",
    "bio": "Writes about birds.",
    "created_at": EXAMPLE_TIME,
    "message_count": 12,
    "follower_count": 3,
    "following_count": 4,
    "url": "http://localhost:8080/api/v1/accounts/alice/",
}
EXAMPLE_MESSAGE = {
    "id": EXAMPLE_ID,
    "text": "Two herons this morning.",
    "created_at": EXAMPLE_TIME,
    "url": f"http://localhost:8080/api/v1/messages/{EXAMPLE_ID}/",
    "author": EXAMPLE_AUTHOR,
}


def example(value: dict[str, Any], *, request: bool = False) -> Any:
    """Give a serializer its example in the OpenAPI schema."""
    shown = OpenApiExample("Example", value=value, request_only=request, response_only=not request)
    return extend_schema_serializer(examples=[shown])


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, with its Z."""
    return moment and moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def check_password(password: str) -> None:
    """Raise ValidationError when a member's new password is too weak for the settings."""
    validators = get_password_validators(settings.MEMBER_PASSWORD_VALIDATORS)
    try:
        validate_password(password, password_validators=validators)
    except ValidationError as error:
        raise serializers.ValidationError(error.messages) from None


class Answer:
    """The dicts of answers to one request; the links' beginning is made once."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @cached_property
    def _root(self) -> str:
        return self.request.build_absolute_uri(reverse("api-root"))

    def account_url(self, username: str) -> str:
        return f"{self._root}accounts/{username}/"

    def message_url(self, pk: int) -> str:
        return f"{self._root}messages/{pk}/"

    def account(self, account: Account, followed: Collection[int] | None = None) -> dict[str, Any]:
        """An Account. `followed`: the ids among those shown that the reader follows."""
        data = {
            "id": str(account.pk),
            "username": account.username,
            "display_name": account.display_name,
            "bio": account.bio,
            "created_at": timestamp(account.created_at),
            "message_count": account.message_count,
            "follower_count": account.follower_count,
            "following_count": account.following_count,
            "url": self.account_url(account.username),
        }
        if self.request.user.pk == account.pk:
            data["email"] = account.email
        if followed is not None:
            data["followed_by_me"] = account.pk in followed
        return data

    def author(self, account: Account) -> dict[str, Any]:
        """An Account in short, as it stands in a Message."""
        return {
            "id": str(account.pk),
            "username": account.username,
            "display_name": account.display_name,
            "url": self.account_url(account.username),
        }

    def message(self, message: Message) -> dict[str, Any]:
        """A Message; its author is at hand or this costs a query."""
        return {
            "id": str(message.pk),
            "text": message.text,
            "created_at": timestamp(message.created_at),
            "url": self.message_url(message.pk),
            "author": self.author(message.author),
        }

    def token(self, token: Token) -> dict[str, Any]:
        """A Token, without the secret, which nobody has but its owner."""
        current = self.request.auth
        return {
            "id": str(token.pk),
            "name": token.name,
            "created_at": timestamp(token.created_at),
            "last_used_at": timestamp(token.last_used_at),
            "current": bool(current and current.pk == token.pk),
        }


# --- What the API takes ------------------------------------------------------------------------


class NothingSerializer(serializers.Serializer):
    """A request without a body."""


@example(
    {"username": "alice", "email": "alice@example.org", "password": "two herons"}, request=True
)
class RegistrationSerializer(serializers.Serializer):
    username = serializers.RegexField(
        rf"^{USERNAME.pattern}\Z",
        max_length=30,
        help_text="1 to 30 of A–Z, a–z, 0–9 and _. Shown as typed, compared without case.",
        error_messages={"invalid": "Only letters (A–Z, a–z), digits and _ are allowed."},
    )
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH,
        trim_whitespace=False,
        write_only=True,
        style={"input_type": "password"},
    )

    def validate_username(self, username: str) -> str:
        if is_reserved(username):
            raise serializers.ValidationError("This username is reserved.")
        return username

    def validate_password(self, password: str) -> str:
        check_password(password)
        return password


@example({"display_name": "Alice", "bio": "Writes about birds."}, request=True)
class ProfileSerializer(serializers.Serializer):
    display_name = serializers.CharField(max_length=50, allow_blank=True, required=False)
    bio = serializers.CharField(
        max_length=500,
        allow_blank=True,
        required=False,
        style={"base_template": "textarea.html", "rows": 3},
    )
    email = serializers.EmailField(max_length=254, required=False)


@example({"old_password": "two herons", "new_password": "three herons"}, request=True)
class PasswordSerializer(serializers.Serializer):
    old_password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False, style=PASSWORD_STYLE
    )
    new_password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH, trim_whitespace=False, style={"input_type": "password"}
    )

    def validate_new_password(self, password: str) -> str:
        check_password(password)
        return password


@example({"password": "two herons"}, request=True)
class DeletionSerializer(serializers.Serializer):
    password = serializers.CharField(
        max_length=PASSWORD_MAX_LENGTH,
        trim_whitespace=False,
        style=PASSWORD_STYLE,
        help_text="The account's password. Everything of the account is deleted.",
    )


@example({"username": "alice", "password": "two herons"}, request=True)
class CredentialsSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, style=PASSWORD_STYLE)


@example({"text": "Two herons this morning."}, request=True)
class TextSerializer(serializers.Serializer):
    text = serializers.CharField(
        max_length=280,
        help_text="1 to 280 characters after trimming.",
        style={"base_template": "textarea.html", "rows": 3},
    )


# --- What the API gives: for OpenAPI only ------------------------------------------------------


class IdField(serializers.CharField):
    """A decimal string: ids have 63 bits, and JavaScript's numbers have 53."""


@example(EXAMPLE_AUTHOR)
class AuthorSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    username = serializers.CharField(read_only=True)
    display_name = serializers.CharField(read_only=True)
    url = serializers.URLField(read_only=True)


@example(EXAMPLE_ACCOUNT)
class AccountSerializer(AuthorSerializer):
    bio = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    message_count = serializers.IntegerField(read_only=True, min_value=0)
    follower_count = serializers.IntegerField(read_only=True, min_value=0)
    following_count = serializers.IntegerField(read_only=True, min_value=0)
    email = serializers.EmailField(
        required=False, help_text="For the owner alone.", write_only=False
    )
    followed_by_me = serializers.BooleanField(
        required=False, help_text="With a member's login only."
    )


@example(EXAMPLE_MESSAGE)
class MessageSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    text = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    url = serializers.URLField(read_only=True)
    author = AuthorSerializer(read_only=True)


class TokenSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    name = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)
    current = serializers.BooleanField(
        read_only=True, help_text="Whether this request was made with it."
    )


@example({"token": f"{EXAMPLE_ID}.s3cr3t", "account": EXAMPLE_ACCOUNT})
class IssuedTokenSerializer(serializers.Serializer):
    token = serializers.CharField(
        read_only=True, help_text="Shown this once. Send it as `Authorization: Bearer TOKEN`."
    )
    account = AccountSerializer(read_only=True)


class DetailSerializer(serializers.Serializer):
    detail = serializers.CharField(read_only=True)


class PageSerializer(serializers.Serializer):
    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)


class MessagePageSerializer(PageSerializer):
    results = MessageSerializer(many=True, read_only=True)


class AccountPageSerializer(PageSerializer):
    results = AccountSerializer(many=True, read_only=True)


class TokenPageSerializer(PageSerializer):
    results = TokenSerializer(many=True, read_only=True)
