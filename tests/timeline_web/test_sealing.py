"""Sealing tokens for the cookie."""

from timeline_web.sealing import seal, unseal


def test_what_is_sealed_can_be_opened(settings):
    assert unseal(seal("123.secret")) == "123.secret"


def test_nothing_of_it_can_be_read(settings):
    assert "secret" not in seal("123.secret")
    assert seal("123.secret") != seal("123.secret")


def test_another_key_does_not_open_it(settings):
    sealed = seal("123.secret")
    settings.SECRET_KEY = "another"
    assert unseal(sealed) is None


def test_an_older_key_still_opens_it(settings):
    sealed = seal("123.secret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert unseal(sealed) == "123.secret"


def test_rubbish_is_nobodys(settings):
    for rubbish in ("", "rubbish", "gAAAAA", "ü", seal("x")[:-2]):
        assert unseal(rubbish) is None
