"""The site's forms: MiniTwit's error texts word for word, one error at a time, in its order."""

import re
import uuid

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

NO_USERNAME = _("You have to enter a username")
NO_EMAIL = _("You have to enter a valid email address")
NO_PASSWORD = _("You have to enter a password")
PASSWORDS_DIFFER = _("The two passwords do not match")
USERNAME_TAKEN = _("The username is already taken")
BAD_LOGIN = _("Invalid username or password")
NO_TEXT = _("You have to write something")

# The API's limit, in characters after trimming. The API is who enforces it.
MESSAGE_LENGTH = 280

NO_PICTURE = _("Choose a picture first")
PICTURE_TOO_LARGE = _("The picture may have 10 MB at most")
# The API's limit, in bytes: what is larger need not be sent on to be refused.
PICTURE_BYTES = 10 * 1024 * 1024

# An idempotency key as MessageForm makes them.
KEY = re.compile(r"[0-9a-f]{32}")


class OneErrorForm(forms.Form):
    """A form that shows its first error only, and remembers which field it belongs to."""

    @property
    def first_error(self) -> tuple[str, str]:
        """(field, text) of the first error, ("", "") when there is none."""
        for field, texts in self.errors.items():
            return field, texts[0]
        return "", ""

    def refuse_as_the_api_did(self, errors: dict[str, list[str]]) -> None:
        """Show the API's refusal, at its field where this form has it."""
        for field, texts in errors.items():
            self.refuse(field, " ".join(texts))

    def refuse(self, field: str, text: str) -> None:
        """Put `text` down as the error of `field`, or of the form for a field it has not."""
        self.add_error(field if field in self.fields else None, text)


class RegistrationForm(OneErrorForm):
    """A new account. Whether the name is free and the address is one, the API decides."""

    username = forms.CharField(required=False)
    email = forms.CharField(required=False)
    password = forms.CharField(required=False, strip=False)
    password2 = forms.CharField(required=False, strip=False)

    def clean(self) -> dict:
        data = self.cleaned_data
        if self.errors:  # a null character, which no field may hold
            return data
        if not data["username"]:
            self.refuse("username", NO_USERNAME)
        elif "@" not in data["email"]:
            self.refuse("email", NO_EMAIL)
        elif not data["password"]:
            self.refuse("password", NO_PASSWORD)
        elif data["password"] != data["password2"]:
            self.refuse("password2", PASSWORDS_DIFFER)
        return data

    def refuse_as_the_api_did(self, errors: dict[str, list[str]]) -> None:
        """Show the API's refusal in the site's words, where the site has words for it."""
        field = next((name for name in self.fields if name in errors), next(iter(errors), ""))
        text = " ".join(errors.get(field, [])) or gettext("The registration was refused")
        if field == "email":
            text = NO_EMAIL
        elif field == "username" and ("taken" in text or "exist" in text):
            text = USERNAME_TAKEN
        self.refuse(field, text)


class ProfileForm(OneErrorForm):
    """What others see of a member, and the address that nobody sees."""

    display_name = forms.CharField(required=False)
    bio = forms.CharField(required=False)
    email = forms.CharField(required=False)

    def clean_bio(self) -> str:
        return self.cleaned_data["bio"].replace("\r\n", "\n")

    def refuse_as_the_api_did(self, errors: dict[str, list[str]]) -> None:
        """Show each of the API's refusals at its field."""
        for field, texts in errors.items():
            self.refuse(field, NO_EMAIL if field == "email" else " ".join(texts))


class PictureForm(OneErrorForm):
    """A picture of oneself. Whether it is one, the API decides."""

    picture = forms.FileField(required=False, allow_empty_file=True)

    def clean_picture(self) -> UploadedFile:
        picture = self.cleaned_data["picture"]
        if not picture or not picture.size:
            raise forms.ValidationError(NO_PICTURE)
        if picture.size > PICTURE_BYTES:
            raise forms.ValidationError(PICTURE_TOO_LARGE)
        return picture


class PasswordForm(OneErrorForm):
    """The password as it is, and the new one twice."""

    old_password = forms.CharField(required=False, strip=False)
    password = forms.CharField(required=False, strip=False)
    password2 = forms.CharField(required=False, strip=False)

    def clean(self) -> dict:
        data = self.cleaned_data
        if self.errors:
            return data
        if not (data["old_password"] and data["password"]):
            self.refuse("password" if data["old_password"] else "old_password", NO_PASSWORD)
        elif data["password"] != data["password2"]:
            self.refuse("password2", PASSWORDS_DIFFER)
        return data

    def refuse_as_the_api_did(self, errors: dict[str, list[str]]) -> None:
        """Show the API's refusal at the field of this form."""
        names = {"new_password": "password"}
        for field, texts in errors.items():
            self.refuse(names.get(field, field), " ".join(texts))


class TokenForm(OneErrorForm):
    """The name of a new token."""

    name = forms.CharField(required=False)

    def clean_name(self) -> str:
        if not self.cleaned_data["name"]:
            raise forms.ValidationError(_("Give it a name, so that you know it again"))
        return self.cleaned_data["name"]


class ReportForm(OneErrorForm):
    """What is wrong with a message."""

    reason = forms.CharField(required=False)

    def clean_reason(self) -> str:
        if not self.cleaned_data["reason"]:
            raise forms.ValidationError(_("Say what is wrong with it, in a word or two"))
        return self.cleaned_data["reason"]


class DeletionForm(OneErrorForm):
    """The password, once more, since what follows cannot be undone."""

    password = forms.CharField(required=False, strip=False)

    def clean_password(self) -> str:
        if not self.cleaned_data["password"]:
            raise forms.ValidationError(NO_PASSWORD)
        return self.cleaned_data["password"]


class LoginForm(OneErrorForm):
    """Name and password; `next` is where to go afterwards, if that is a page of ours."""

    username = forms.CharField(required=False)
    password = forms.CharField(required=False, strip=False)
    next = forms.CharField(required=False)

    def clean(self) -> dict:
        data = self.cleaned_data
        if self.errors or not (data["username"] and data["password"]):
            # The same words as for a wrong pair: they must not tell which of the two it was.
            self._errors.clear()
            self.refuse("username", BAD_LOGIN)
        return data


class MessageForm(OneErrorForm):
    """A message, and the key that keeps a double click from posting it twice."""

    text = forms.CharField(required=False)
    key = forms.CharField(required=False, initial=lambda: uuid.uuid4().hex)
    in_reply_to = forms.CharField(required=False)

    def clean_text(self) -> str:
        # Browsers send CR LF for one line break; it counts as one character.
        return self.cleaned_data["text"].replace("\r\n", "\n")

    def clean_key(self) -> str:
        """The form's key, or a new one for a client that sent none, or none of ours."""
        key = self.cleaned_data["key"]
        return key if KEY.fullmatch(key) else uuid.uuid4().hex

    def clean(self) -> dict:
        data = self.cleaned_data
        text = data.get("text", "")
        if "text" in self.errors:
            return data
        if not text:
            self.refuse("text", NO_TEXT)
        elif len(text) > MESSAGE_LENGTH:
            self.refuse("text", too_long(len(text)))
        return data


class EditForm(MessageForm):
    """A message's text anew, and the revision that its author has read."""

    revision = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def clean_revision(self) -> int:
        return self.cleaned_data["revision"] or 0


def too_long(length: int) -> str:
    """What to tell somebody whose message has `length` characters."""
    text = gettext("A message has at most %(most)d characters; this one has %(length)d")
    return text % {"most": MESSAGE_LENGTH, "length": length}
