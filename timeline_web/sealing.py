"""Sealing a member's API token for the session cookie.

A signed cookie can be read by whoever holds the file. What is sealed here can be opened with the
site's SECRET_KEY alone (or, after the key was changed, with one of SECRET_KEY_FALLBACKS).
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@lru_cache(maxsize=8)
def _cipher(secret: str) -> Fernet:
    # A key of its own (RFC 5869), so that this and Django's signing never share one.
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"timeline_web.sealing").derive(
        secret.encode()
    )
    return Fernet(base64.urlsafe_b64encode(key))


def _ciphers() -> MultiFernet:
    return MultiFernet(
        [_cipher(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def seal(text: str) -> str:
    """`text` encrypted and authenticated, as printable ASCII."""
    return _ciphers().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str | None:
    """What `seal` was given, or None when no key of ours made `sealed`."""
    try:
        return _ciphers().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None
