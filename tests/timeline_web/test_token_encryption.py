"""Encrypting tokens for the cookie."""

from timeline_web.token_encryption import decrypt, encrypt


def test_it_decrypts_what_it_encrypted(settings):
    assert decrypt(encrypt("123.secret")) == "123.secret"


def test_it_shows_nothing_of_the_text(settings):
    assert "secret" not in encrypt("123.secret")
    assert encrypt("123.secret") != encrypt("123.secret")


def test_it_does_not_decrypt_with_another_key(settings):
    encrypted = encrypt("123.secret")
    settings.SECRET_KEY = "another"
    assert decrypt(encrypted) is None


def test_it_decrypts_with_an_older_key(settings):
    encrypted = encrypt("123.secret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert decrypt(encrypted) == "123.secret"


def test_it_returns_none_for_invalid_input(settings):
    for invalid in ("", "invalid", "gAAAAA", "ü", encrypt("x")[:-2]):
        assert decrypt(invalid) is None
