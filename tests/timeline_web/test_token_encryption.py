"""Sealing tokens for the cookie."""

from timeline_web.token_encryption import decrypt, encrypt


def test_what_is_sealed_can_be_opened(settings):
    assert decrypt(encrypt("123.secret")) == "123.secret"


def test_nothing_of_it_can_be_read(settings):
    assert "secret" not in encrypt("123.secret")
    assert encrypt("123.secret") != encrypt("123.secret")


def test_another_key_does_not_open_it(settings):
    sealed = encrypt("123.secret")
    settings.SECRET_KEY = "another"
    assert decrypt(sealed) is None


def test_an_older_key_still_opens_it(settings):
    sealed = encrypt("123.secret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert decrypt(sealed) == "123.secret"


def test_rubbish_is_nobodys(settings):
    for rubbish in ("", "rubbish", "gAAAAA", "ü", encrypt("x")[:-2]):
        assert decrypt(rubbish) is None
