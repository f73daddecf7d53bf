"""What the API takes, checked; and, for OpenAPI alone, the shapes of what it gives, which
`answers.py` writes."""

from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import get_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from . import entities, examples
from .authentication import PASSWORD_MAX_LENGTH
from .usernames import USERNAME, is_reserved

# Django's own, marked here because its Arabic lags behind its English.
PASSWORD_TOO_SHORT = ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
PASSWORD_STYLE = {"input_type": "password", "autocomplete": "current-password"}


def example(value: dict[str, Any], *, request: bool = False) -> Any:
    """Give a serializer its example in the OpenAPI schema."""
    shown = OpenApiExample("Example", value=value, request_only=request, response_only=not request)
    return extend_schema_serializer(examples=[shown])


def check_password(password: str) -> None:
    """Raise ValidationError when a member's new password is too weak for the settings."""
    validators = get_password_validators(settings.MEMBER_PASSWORD_VALIDATORS)
    try:
        validate_password(password, password_validators=validators)
    except ValidationError as error:
        raise serializers.ValidationError(error.messages) from None


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


@example({"until": examples.ID}, request=True)
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


@example(examples.AUTHOR)
class AuthorSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    username = serializers.CharField(read_only=True)
    display_name = serializers.CharField(read_only=True)
    avatar_url = serializers.URLField(
        read_only=True, allow_null=True, help_text="Null when no picture was uploaded."
    )
    url = serializers.URLField(read_only=True)


@example(examples.ACCOUNT)
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


@example(examples.MESSAGE)
class MessageSerializer(WrittenSerializer):
    repost_of = OriginalSerializer(
        read_only=True, allow_null=True, help_text="The message that this one, a repost, shows."
    )


@example(examples.REVISION)
class RevisionSerializer(serializers.Serializer):
    revision = serializers.IntegerField(read_only=True, min_value=0)
    text = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


@example(examples.results(examples.REVISION))
class HistorySerializer(serializers.Serializer):
    results = RevisionSerializer(many=True, read_only=True)


@example(examples.results(examples.MESSAGE))
class ConversationSerializer(serializers.Serializer):
    results = MessageSerializer(many=True, read_only=True)


@example(examples.NOTIFICATION)
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


@example(examples.TREND)
class TagSerializer(serializers.Serializer):
    tag = serializers.CharField(read_only=True)
    message_count = serializers.IntegerField(read_only=True, min_value=1)


@example(examples.results(examples.TREND))
class TrendingSerializer(serializers.Serializer):
    results = TagSerializer(many=True, read_only=True)


@example(examples.results(examples.ACCOUNT))
class PeopleSerializer(serializers.Serializer):
    results = AccountSerializer(many=True, read_only=True)


@example({"count": 3, "account": examples.AUTHOR})
class UnreadSerializer(serializers.Serializer):
    count = serializers.IntegerField(read_only=True, min_value=0)
    account = AuthorSerializer(read_only=True)


@example(examples.TOKEN)
class TokenSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    name = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)
    current = serializers.BooleanField(
        read_only=True, help_text="Whether this request was made with it."
    )


@example({"token": f"{examples.ID}.s3cr3t", "account": examples.ACCOUNT})
class IssuedTokenSerializer(serializers.Serializer):
    token = serializers.CharField(
        read_only=True, help_text="Shown this once. Send it as `Authorization: Bearer TOKEN`."
    )
    account = AccountSerializer(read_only=True)


@example(examples.EXPORT)
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


@example({"detail": "There is no such message."})
class DetailSerializer(serializers.Serializer):
    detail = serializers.CharField(read_only=True)


class PageSerializer(serializers.Serializer):
    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)


@example(examples.page("timelines/public", examples.MESSAGE))
class MessagePageSerializer(PageSerializer):
    results = MessageSerializer(many=True, read_only=True)


@example(examples.page("notifications", examples.NOTIFICATION))
class NotificationPageSerializer(PageSerializer):
    results = NotificationSerializer(many=True, read_only=True)


@example(examples.page("accounts/alice/followers", examples.ACCOUNT))
class AccountPageSerializer(PageSerializer):
    results = AccountSerializer(many=True, read_only=True)


@example(examples.page("tokens", examples.TOKEN))
class TokenPageSerializer(PageSerializer):
    results = TokenSerializer(many=True, read_only=True)
