"""Encryption of a member's API token for the session cookie.

A signed cookie can be read by whoever has the file. Decrypting takes the site's SECRET_KEY or,
after the key was changed, one of SECRET_KEY_FALLBACKS.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Part of every key: with another value, all cookies that exist become invalid.
PURPOSE = b"timeline_web.sealing"


@lru_cache(maxsize=8)
def _cipher(secret: str) -> Fernet:
    # A key for this purpose alone (RFC 5869), so that Django's signing never shares it.
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def _ciphers() -> MultiFernet:
    return MultiFernet(
        [_cipher(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def encrypt(text: str) -> str:
    """Return `text` encrypted and authenticated, as printable ASCII."""
    return _ciphers().encrypt(text.encode()).decode("ascii")


def decrypt(encrypted: str) -> str | None:
    """Return the text that `encrypt` was given, or None if none of our keys made `encrypted`."""
    try:
        return _ciphers().decrypt(encrypted.encode()).decode()
    except InvalidToken:
        return None
