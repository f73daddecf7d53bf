"""What the API takes, checked, and what it gives.

What it gives is written as plain dicts: a page of 30 messages through nested ModelSerializers took
two and a half times as long. The read-only serializers tell OpenAPI the shapes; a test holds
the two together.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import get_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request

from shardrouter.ids import made_at

from . import entities
from .authentication import PASSWORD_MAX_LENGTH
from .models import Account, Message, Revision, Token
from .selectors import messages
from .selectors.accounts import Relations
from .selectors.messages import Marks
from .selectors.notifications import Group
from .usernames import USERNAME, is_reserved

# Django's own, marked here because its Arabic lags behind its English.
PASSWORD_TOO_SHORT = ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
PASSWORD_STYLE = {"input_type": "password", "autocomplete": "current-password"}
EXAMPLE_ID = "161514131211109876"
EXAMPLE_TIME = "2026-11-24T09:30:00.123456Z"
EXAMPLE_AUTHOR = {
    "id": EXAMPLE_ID,
    "username": "alice",
    "display_name": "Alice",
    "avatar_url": "http://localhost:8080/api/v1/accounts/alice/avatar/?v=0d3f3c7a9b1e",
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
    "pinned_message": None,
    "is_suspended": False,
    "avatar_url": None,
    "url": "http://localhost:8080/api/v1/accounts/alice/",
}
EXAMPLE_MESSAGE = {
    "id": EXAMPLE_ID,
    "text": "Two herons this morning.",
    "created_at": EXAMPLE_TIME,
    "edited_at": None,
    "revision": 0,
    "url": f"http://localhost:8080/api/v1/messages/{EXAMPLE_ID}/",
    "author": EXAMPLE_AUTHOR,
    "mentions": [],
    "entities": [],
    "in_reply_to": None,
    "repost_of": None,
    "reply_count": 1,
    "like_count": 3,
    "repost_count": 1,
    "is_deleted": False,
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


def _authors(message: Message) -> set[int | None]:
    return {message.author_id, message.repost_of_author_id}


class Answer:
    """The dicts of answers to one request; the links' beginning is made once."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @cached_property
    def _root(self) -> str:
        return self.request.build_absolute_uri(reverse("api-root"))

    def account_url(self, username: str) -> str:
        return f"{self._root}accounts/{username}/"

    def avatar_url(self, account: Account) -> str | None:
        """Where the picture is that the member has uploaded, if there is one."""
        version = account.avatar_version
        return f"{self.account_url(account.username)}avatar/?v={version}" if version else None

    def message_url(self, pk: int) -> str:
        return f"{self._root}messages/{pk}/"

    def account(self, account: Account, relations: Relations | None = None) -> dict[str, Any]:
        """An Account. `relations`: what the reader is to those shown."""
        data = {
            "id": str(account.pk),
            "username": account.username,
            "display_name": account.display_name,
            "bio": account.bio,
            "created_at": timestamp(account.created_at),
            "message_count": account.message_count,
            "follower_count": account.follower_count,
            "following_count": account.following_count,
            "pinned_message": account.pinned_id and str(account.pinned_id),
            "is_suspended": account.is_suspended,
            "avatar_url": self.avatar_url(account),
            "url": self.account_url(account.username),
        }
        if self.request.user.pk == account.pk:
            data["email"] = account.email
        if relations is not None:
            data["followed_by_me"] = account.pk in relations.followed
            data["blocked_by_me"] = account.pk in relations.hidden.blocked
            data["muted_by_me"] = account.pk in relations.hidden.muted
            data["blocks_me"] = account.pk in relations.hidden.blockers
        return data

    def author(self, account: Account) -> dict[str, Any]:
        """An Account in short, as it stands in a Message."""
        return {
            "id": str(account.pk),
            "username": account.username,
            "display_name": account.display_name,
            "avatar_url": self.avatar_url(account),
            "url": self.account_url(account.username),
        }

    def messages(
        self, rows: Iterable[Message | int], *, timeline: bool = False
    ) -> list[dict[str, Any]]:
        """Messages, with what the reader has done with them, without those of whom the reader does
        not see: one query for all. An id stands for a message that was deleted. In a `timeline`
        those who are muted are not seen either."""
        rows = list(rows)
        marks = None
        if self.request.user.is_authenticated:
            marks = messages.marks_of(self.request.user, rows)
            unseen = marks.hidden.everyone if timeline else marks.hidden.apart
            rows = [row for row in rows if isinstance(row, int) or not unseen & _authors(row)]
        return [self.gap(row) if isinstance(row, int) else self.message(row, marks) for row in rows]

    def message(self, message: Message, marks: Marks | None = None) -> dict[str, Any]:
        """A Message; its author is at hand or this costs a query, and a repost has its original."""
        data = {
            "id": str(message.pk),
            "text": message.text,
            "created_at": timestamp(message.created_at),
            "edited_at": timestamp(message.edited_at),
            "revision": message.revision,
            "url": self.message_url(message.pk),
            "author": self.author(message.author) if message.author_id else None,
            "mentions": message.mentions,
            "entities": [
                entity._asdict() for entity in entities.in_text(message.text, message.mentions)
            ],
            "in_reply_to": self._parent(message),
            "repost_of": self.message(message.original, marks) if message.repost_of_id else None,
            "reply_count": message.reply_count,
            "like_count": message.like_count,
            "repost_count": message.repost_count,
            "is_deleted": message.author_id is None,
        }
        if marks is not None:
            pk = message.repost_of_id or message.pk
            data["liked_by_me"] = pk in marks.liked
            data["reposted_by_me"] = pk in marks.reposted
        return data

    def gap(self, message_id: int) -> dict[str, Any]:
        """What stands in a conversation for a message that was deleted."""
        return self.message(Message(pk=message_id, created_at=made_at(message_id)))

    def _parent(self, message: Message) -> dict[str, str] | None:
        if message.parent_id is None:
            return None
        return {
            "id": str(message.parent_id),
            "username": message.parent_username,
            "url": self.message_url(message.parent_id),
        }

    def revision(self, revision: Revision | Message) -> dict[str, Any]:
        """A text that a message had, or has, and since when."""
        if isinstance(revision, Message):
            number, since = revision.revision, revision.edited_at or revision.created_at
        else:
            number, since = revision.number, revision.created_at
        return {"revision": number, "text": revision.text, "created_at": timestamp(since)}

    def notification(self, group: Group, marks: Marks) -> dict[str, Any]:
        """A Notification."""
        return {
            "id": str(group.pk),
            "kind": group.kind,
            "created_at": timestamp(group.created_at),
            "is_read": group.is_read,
            "account_count": group.number,
            "accounts": [self.author(account) for account in group.people],
            "message": group.message and self.message(group.message, marks),
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
        error_messages={"invalid": _("Only letters (A–Z, a–z), digits and _ are allowed.")},
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
            raise serializers.ValidationError(gettext("This username is reserved."))
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


class PictureSerializer(serializers.Serializer):
    picture = serializers.FileField(
        allow_empty_file=False,
        help_text="A JPEG, PNG, WebP or GIF of up to 10 MB and 25 megapixels. Its middle is kept, "
        "and nothing else that the file holds.",
    )


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
    name = serializers.CharField(
        max_length=50,
        required=False,
        allow_blank=True,
        help_text="What to call the token in the list of one's tokens.",
    )


@example({"name": "Backup script"}, request=True)
class NewTokenSerializer(serializers.Serializer):
    name = serializers.CharField(
        max_length=50, help_text="What to call the token in the list of one's tokens."
    )


@example({"text": "Two herons this morning."}, request=True)
class TextSerializer(serializers.Serializer):
    text = serializers.CharField(
        max_length=280,
        help_text="1 to 280 characters after trimming.",
        style={"base_template": "textarea.html", "rows": 3},
    )


@example({"text": "Two herons this morning."}, request=True)
class NewMessageSerializer(TextSerializer):
    in_reply_to = serializers.RegexField(
        r"^[0-9]{1,19}\Z",
        required=False,
        allow_null=True,
        help_text="The id of the message that this one replies to.",
        error_messages={"invalid": _("The id of a message, as a decimal string.")},
    )


@example({"text": "Two herons this evening.", "revision": 0}, request=True)
class EditSerializer(TextSerializer):
    revision = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text="The revision that you have read: when it was edited since, it is a 409.",
    )


@example({"until": EXAMPLE_ID}, request=True)
class ReadSerializer(serializers.Serializer):
    until = serializers.RegexField(
        r"^[0-9]{1,19}\Z",
        required=False,
        help_text="The id of the latest notification that was seen; without it, all are.",
        error_messages={"invalid": _("The id of a notification, as a decimal string.")},
    )


# --- What the API gives: for OpenAPI only ------------------------------------------------------


class IdField(serializers.CharField):
    """A decimal string: ids have 63 bits, and JavaScript's numbers have 53."""


@example(EXAMPLE_AUTHOR)
class AuthorSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    username = serializers.CharField(read_only=True)
    display_name = serializers.CharField(read_only=True)
    avatar_url = serializers.URLField(
        read_only=True, allow_null=True, help_text="Null when no picture was uploaded."
    )
    url = serializers.URLField(read_only=True)


@example(EXAMPLE_ACCOUNT)
class AccountSerializer(AuthorSerializer):
    bio = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    message_count = serializers.IntegerField(read_only=True, min_value=0)
    follower_count = serializers.IntegerField(read_only=True, min_value=0)
    following_count = serializers.IntegerField(read_only=True, min_value=0)
    pinned_message = IdField(read_only=True, allow_null=True)
    is_suspended = serializers.BooleanField(read_only=True)
    email = serializers.EmailField(
        required=False, help_text="For the owner alone.", write_only=False
    )
    followed_by_me = serializers.BooleanField(
        required=False, help_text="With a member's login only."
    )
    blocked_by_me = serializers.BooleanField(
        required=False, help_text="With a member's login only."
    )
    muted_by_me = serializers.BooleanField(required=False, help_text="With a member's login only.")
    blocks_me = serializers.BooleanField(required=False, help_text="With a member's login only.")


class EntitySerializer(serializers.Serializer):
    """A name or a tag in the text, from the character `start` to before `end`, by code points."""

    type = serializers.ChoiceField(choices=[entities.MENTION, entities.TAG], read_only=True)
    start = serializers.IntegerField(read_only=True, min_value=0)
    end = serializers.IntegerField(read_only=True, min_value=0)
    value = serializers.CharField(read_only=True)


class ParentSerializer(serializers.Serializer):
    """What a message replies to; it may have been deleted since."""

    id = IdField(read_only=True)
    username = serializers.CharField(read_only=True)
    url = serializers.URLField(read_only=True)


class WrittenSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    text = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    edited_at = serializers.DateTimeField(read_only=True, allow_null=True)
    revision = serializers.IntegerField(read_only=True, min_value=0)
    url = serializers.URLField(read_only=True)
    author = AuthorSerializer(
        read_only=True, allow_null=True, help_text="null when the message was deleted."
    )
    mentions = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="The names in the text."
    )
    entities = EntitySerializer(many=True, read_only=True)
    in_reply_to = ParentSerializer(read_only=True, allow_null=True)
    reply_count = serializers.IntegerField(read_only=True, min_value=0)
    like_count = serializers.IntegerField(read_only=True, min_value=0)
    repost_count = serializers.IntegerField(read_only=True, min_value=0)
    is_deleted = serializers.BooleanField(
        read_only=True, help_text="Whether it is the gap that a message has left."
    )
    liked_by_me = serializers.BooleanField(required=False, help_text="With a member's login only.")
    reposted_by_me = serializers.BooleanField(
        required=False, help_text="With a member's login only."
    )


class OriginalSerializer(WrittenSerializer):
    repost_of = serializers.CharField(read_only=True, allow_null=True, help_text="Always null.")


@example(EXAMPLE_MESSAGE)
class MessageSerializer(WrittenSerializer):
    repost_of = OriginalSerializer(
        read_only=True, allow_null=True, help_text="The message that this one, a repost, shows."
    )


class RevisionSerializer(serializers.Serializer):
    revision = serializers.IntegerField(read_only=True, min_value=0)
    text = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


class HistorySerializer(serializers.Serializer):
    results = RevisionSerializer(many=True, read_only=True)


class ConversationSerializer(serializers.Serializer):
    results = MessageSerializer(many=True, read_only=True)


class NotificationSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    kind = serializers.ChoiceField(
        choices=["follow", "mention", "reply", "like", "repost"], read_only=True
    )
    created_at = serializers.DateTimeField(read_only=True)
    is_read = serializers.BooleanField(read_only=True)
    account_count = serializers.IntegerField(
        read_only=True, min_value=1, help_text="How many did it, on one day."
    )
    accounts = AuthorSerializer(many=True, read_only=True, help_text="The latest of them.")
    message = MessageSerializer(read_only=True, allow_null=True)


@example({"reason": "It gives somebody's address away."}, request=True)
class ReportSerializer(serializers.Serializer):
    reason = serializers.CharField(
        max_length=500, help_text="What is wrong with it, for the operators."
    )


@example({"tag": "herons", "message_count": 12})
class TagSerializer(serializers.Serializer):
    tag = serializers.CharField(read_only=True)
    message_count = serializers.IntegerField(read_only=True, min_value=1)


class TrendingSerializer(serializers.Serializer):
    results = TagSerializer(many=True, read_only=True)


class PeopleSerializer(serializers.Serializer):
    results = AccountSerializer(many=True, read_only=True)


class UnreadSerializer(serializers.Serializer):
    count = serializers.IntegerField(read_only=True, min_value=0)
    account = AuthorSerializer(read_only=True)


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


class ExportSerializer(serializers.Serializer):
    """Everything that the API keeps of one account, but for secrets."""

    exported_at = serializers.DateTimeField(read_only=True)
    account = AccountSerializer(read_only=True)
    avatar = serializers.CharField(
        read_only=True, allow_null=True, help_text="The uploaded picture, as a data URL."
    )
    messages = MessageSerializer(many=True, read_only=True)
    revisions = serializers.ListField(child=serializers.DictField(), read_only=True)
    reposts = serializers.ListField(child=serializers.DictField(), read_only=True)
    likes = serializers.ListField(child=serializers.DictField(), read_only=True)
    following = serializers.ListField(child=serializers.DictField(), read_only=True)
    followers = serializers.ListField(child=serializers.DictField(), read_only=True)
    blocked = serializers.ListField(child=serializers.DictField(), read_only=True)
    muted = serializers.ListField(child=serializers.DictField(), read_only=True)
    reports = serializers.ListField(child=serializers.DictField(), read_only=True)
    notifications = serializers.ListField(child=serializers.DictField(), read_only=True)
    tokens = TokenSerializer(many=True, read_only=True)


class DetailSerializer(serializers.Serializer):
    detail = serializers.CharField(read_only=True)


class PageSerializer(serializers.Serializer):
    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)


class MessagePageSerializer(PageSerializer):
    results = MessageSerializer(many=True, read_only=True)


class NotificationPageSerializer(PageSerializer):
    results = NotificationSerializer(many=True, read_only=True)


class AccountPageSerializer(PageSerializer):
    results = AccountSerializer(many=True, read_only=True)


class TokenPageSerializer(PageSerializer):
    results = TokenSerializer(many=True, read_only=True)
