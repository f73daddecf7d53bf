"""Avatars drawn from names."""

from xml.etree import ElementTree

from timeline_web import identicons


def test_one_name_has_one_picture_however_it_is_cased():
    assert identicons.svg("Alice") == identicons.svg("aLICE")


def test_names_have_different_pictures():
    assert len({identicons.svg(f"user{number}") for number in range(500)}) > 495


def test_a_picture_is_sound_and_holds_nothing_of_the_name():
    picture = identicons.svg('"><script>alert(1)</script>')
    assert ElementTree.fromstring(picture).tag == "svg"
    assert "script" not in picture
