"""The site's forms: MiniTwit's error texts word for word, one error at a time, in its order."""

import re
import uuid
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .client.errors import ApiError, Invalid, Throttled

NO_USERNAME = _("You have to enter a username")
NO_EMAIL = _("You have to enter a valid email address")
NO_PASSWORD = _("You have to enter a password")
PASSWORDS_DIFFER = _("The two passwords do not match")
USERNAME_TAKEN = _("The username is already taken")
BAD_LOGIN = _("Invalid username or password")
NO_TEXT = _("You have to write something")

# The API's limit, in characters after trimming. The API enforces it.
MESSAGE_LENGTH = 280

NO_PICTURE = _("Choose a picture first")
PICTURE_TOO_LARGE = _("The picture may have 10 MB at most")
# The API's limit, in bytes: a larger file need not be sent on to be rejected.
PICTURE_BYTES = 10 * 1024 * 1024

# An idempotency key as MessageForm makes them.
IDEMPOTENCY_KEY = re.compile(r"[0-9a-f]{32}")


class OneErrorForm(forms.Form):
    """A form that shows its first error only."""

    @property
    def first_error(self) -> tuple[str, str]:
        """The field and the text of the first error, ("", "") if there is none."""
        for field, texts in self.errors.items():
            return field, str(texts[0])
        return "", ""

    def add_field_error(self, field: str, text: str | Promise) -> None:
        """Add `text` to the errors of `field`, or of the form if it has no such field."""
        self.add_error(field if field in self.fields else None, str(text))

    def add_api_error(self, error: ApiError) -> None:
        """Show why the API did not do what the form asks for."""
        if isinstance(error, Invalid):
            self.add_field_errors(error.errors)
        else:
            self.add_field_error("", f"{error.title}. {error.advice}")

    def add_field_errors(self, errors: dict[str, list[str]]) -> None:
        """Show the API's texts at its fields, which are this form's unless a subclass says so."""
        for field, texts in errors.items():
            self.add_field_error(field, " ".join(texts))


class RegistrationForm(OneErrorForm):
    """A new account. The API decides whether the name is free and the address valid."""

    username = forms.CharField(required=False)
    email = forms.CharField(required=False)
    password = forms.CharField(required=False, strip=False)
    password2 = forms.CharField(required=False, strip=False)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.errors:  # a null character, which no field may have
            return data
        if not data["username"]:
            self.add_field_error("username", NO_USERNAME)
        elif "@" not in data["email"]:
            self.add_field_error("email", NO_EMAIL)
        elif not data["password"]:
            self.add_field_error("password", NO_PASSWORD)
        elif data["password"] != data["password2"]:
            self.add_field_error("password2", PASSWORDS_DIFFER)
        return data

    def add_field_errors(self, errors: dict[str, list[str]]) -> None:
        """Show the first of the API's errors, in MiniTwit's words where it has some."""
        field = next((name for name in self.fields if name in errors), next(iter(errors), ""))
        text = " ".join(errors.get(field, [])) or gettext("The registration was refused")
        if field == "email":
            self.add_field_error(field, NO_EMAIL)
        elif field == "username" and ("taken" in text or "exist" in text):
            self.add_field_error(field, USERNAME_TAKEN)
        else:
            self.add_field_error(field, text)


class ProfileForm(OneErrorForm):
    """What others see of a member, and the address that nobody sees."""

    display_name = forms.CharField(required=False)
    bio = forms.CharField(required=False)
    email = forms.CharField(required=False)

    def clean_bio(self) -> str:
        return with_lf(self.cleaned_data["bio"])

    def add_field_errors(self, errors: dict[str, list[str]]) -> None:
        for field, texts in errors.items():
            self.add_field_error(field, NO_EMAIL if field == "email" else " ".join(texts))


class PictureForm(OneErrorForm):
    """A member's picture. The API decides whether the file is one."""

    picture = forms.FileField(required=False, allow_empty_file=True)

    def clean_picture(self) -> UploadedFile:
        picture: UploadedFile | None = self.cleaned_data["picture"]
        if not picture or not picture.size:
            raise forms.ValidationError(NO_PICTURE)
        if picture.size > PICTURE_BYTES:
            raise forms.ValidationError(PICTURE_TOO_LARGE)
        return picture

    def add_api_error(self, error: ApiError) -> None:
        is_invalid = isinstance(error, Invalid)
        text = str(error) if is_invalid else f"{error.title}. {error.advice}"
        self.add_field_error("picture", text)


class PasswordForm(OneErrorForm):
    """The current password, and the new one twice."""

    old_password = forms.CharField(required=False, strip=False)
    password = forms.CharField(required=False, strip=False)
    password2 = forms.CharField(required=False, strip=False)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.errors:
            return data
        if not (data["old_password"] and data["password"]):
            field = "password" if data["old_password"] else "old_password"
            self.add_field_error(field, NO_PASSWORD)
        elif data["password"] != data["password2"]:
            self.add_field_error("password2", PASSWORDS_DIFFER)
        return data

    def add_field_errors(self, errors: dict[str, list[str]]) -> None:
        """Show the API's errors of "new_password" at "password"."""
        names = {"new_password": "password"}
        super().add_field_errors({names.get(name, name): errors[name] for name in errors})


class TokenForm(OneErrorForm):
    """The name of a new token."""

    name = forms.CharField(required=False)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name:
            raise forms.ValidationError(_("Give it a name, so that you know it again"))
        return name

    def add_field_errors(self, errors: dict[str, list[str]]) -> None:
        """Show all of the API's errors at the only field."""
        self.add_field_error("name", " ".join(text for texts in errors.values() for text in texts))


class ReportForm(OneErrorForm):
    """The reason of a report."""

    reason = forms.CharField(required=False)

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if not reason:
            raise forms.ValidationError(_("Say what is wrong with it, in a word or two"))
        return reason


class DeletionForm(OneErrorForm):
    """The password once more, since deleting the account cannot be undone."""

    password = forms.CharField(required=False, strip=False)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not password:
            raise forms.ValidationError(NO_PASSWORD)
        return password


class LoginForm(OneErrorForm):
    """Username and password. `next` is the page to go to afterwards, if it is one of this site."""

    username = forms.CharField(required=False)
    password = forms.CharField(required=False, strip=False)
    next = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.errors or not (data["username"] and data["password"]):
            # The text for wrong credentials: it must not tell which of the two it was.
            self.errors.clear()
            self.add_field_error("username", BAD_LOGIN)
        return data


class MessageForm(OneErrorForm):
    """A message, and the key that keeps a double click from posting it twice."""

    text = forms.CharField(required=False)
    key = forms.CharField(required=False, initial=lambda: uuid.uuid4().hex)
    in_reply_to = forms.CharField(required=False)

    def clean_text(self) -> str:
        return with_lf(self.cleaned_data["text"])

    def clean_key(self) -> str:
        """Return the form's key, or a new one if a client sent none of ours."""
        key: str = self.cleaned_data["key"]
        return key if IDEMPOTENCY_KEY.fullmatch(key) else uuid.uuid4().hex

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        text = data.get("text", "")
        if "text" in self.errors:
            return data
        if not text:
            self.add_field_error("text", NO_TEXT)
        elif len(text) > MESSAGE_LENGTH:
            self.add_field_error("text", too_long(len(text)))
        return data

    def add_api_error(self, error: ApiError) -> None:
        text = str(error) if isinstance(error, Invalid) else self.kept_text(error)
        self.add_field_error("text", text)

    def kept_text(self, error: ApiError) -> str:
        """Return the text for an `error` that will pass."""
        if isinstance(error, Throttled):
            text = gettext("%(trouble)s. %(advice)s Your message is still here")
            return text % {"trouble": error.title, "advice": error.advice}
        text = gettext("%(trouble)s. Your message is still here: please try again")
        return text % {"trouble": error.title}


class EditForm(MessageForm):
    """A message's new text, and the revision that its author has read."""

    revision = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def clean_revision(self) -> int:
        return self.cleaned_data["revision"] or 0

    def kept_text(self, error: ApiError) -> str:
        if isinstance(error, Throttled):
            return super().kept_text(error)
        text = gettext("%(trouble)s. Your text is still here: please try again")
        return text % {"trouble": error.title}


def with_lf(text: str) -> str:
    """Return `text` with LF line breaks. Browsers send CR LF, which counts as one character."""
    return text.replace("\r\n", "\n")


def too_long(length: int) -> str:
    """Return the error text for a message of `length` characters."""
    text = gettext("A message has at most %(most)d characters; this one has %(length)d")
    return text % {"most": MESSAGE_LENGTH, "length": length}
