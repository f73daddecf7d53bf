"""Serializers of request bodies."""

from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import get_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ...domain.limits import MAX_TEXT_LENGTH, MAX_USERNAME_LENGTH
from ...domain.usernames import USERNAME, is_reserved
from ...models import Account
from ..authentication import PASSWORD_MAX_LENGTH
from ..openapi import examples
from ..openapi.examples import example

# Django's own, marked here because its Arabic lags behind its English.
PASSWORD_TOO_SHORT = ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)
PASSWORD_STYLE = {"input_type": "password", "autocomplete": "current-password"}


def check_password(password: str, account: Account) -> None:
    """Raise ValidationError if a new password of `account`, which may be unsaved, is too weak for
    the settings."""
    validators: Any = get_password_validators(settings.MEMBER_PASSWORD_VALIDATORS)
    user: Any = account
    try:
        validate_password(password, user, validators)
    except ValidationError as error:
        raise serializers.ValidationError(error.messages) from None


class EmptySerializer(serializers.Serializer):
    """A request without a body."""


@example(
    {"username": "alice", "email": "alice@example.org", "password": "two herons"}, request=True
)
class RegistrationSerializer(serializers.Serializer):
    username = serializers.RegexField(
        rf"^{USERNAME.pattern}\Z",
        max_length=MAX_USERNAME_LENGTH,
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
        # As they were sent: a weak password is said together with what is wrong with these.
        sent = {name: self.initial_data.get(name) for name in ("username", "email")}
        known = {name: text for name, text in sent.items() if isinstance(text, str)}
        check_password(password, Account(**known))
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
        help_text="A JPEG of up to 10 MB and 25 megapixels, or a PNG, WebP or GIF of up to 12. Its "
        "middle is kept, "
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

    renew = serializers.BooleanField(
        default=False,
        help_text="Answer with a new token, and revoke the one of this request too: somebody else "
        "may have a copy of it.",
    )

    def validate_new_password(self, password: str) -> str:
        check_password(password, self.context["request"].user)
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
        max_length=MAX_TEXT_LENGTH,
        help_text=f"1 to {MAX_TEXT_LENGTH} characters after trimming.",
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


@example({"until": examples.ID}, request=True, component="Read")
class MarkReadSerializer(serializers.Serializer):
    until = serializers.RegexField(
        r"^[0-9]{1,19}\Z",
        required=False,
        help_text="The id of the latest notification that was seen; without it, all are.",
        error_messages={"invalid": _("The id of a notification, as a decimal string.")},
    )


@example({"reason": "It gives somebody's address away."}, request=True)
class ReportSerializer(serializers.Serializer):
    reason = serializers.CharField(
        max_length=500, help_text="What is wrong with it, for the operators."
    )
