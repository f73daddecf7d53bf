"""Rules of passwords beside Django's."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# "aaaaaaaa" and eight blanks are on no list of common passwords in every length.
MIN_DIFFERENT = 4


class VariedPasswordValidator:
    """Django's interface of a password validator: so many different characters, blanks aside."""

    def validate(self, password: str, user: object = None) -> None:
        if len(set("".join(password.split()))) < MIN_DIFFERENT:
            raise ValidationError(self.get_help_text(), code="password_not_varied")

    def get_help_text(self) -> str:
        text = _("Use at least %(count)d different characters in the password, beside spaces.")
        return text % {"count": MIN_DIFFERENT}
