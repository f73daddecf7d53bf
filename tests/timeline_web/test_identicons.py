"""Identicons."""

from xml.etree import ElementTree

from timeline_web import identicons


def test_it_ignores_the_case_of_a_name():
    assert identicons.svg("Alice") == identicons.svg("aLICE")


def test_it_draws_different_names_differently():
    assert len({identicons.svg(f"user{number}") for number in range(500)}) > 495


def test_it_draws_valid_svg_without_the_name():
    picture = identicons.svg('"><script>alert(1)</script>')
    assert ElementTree.fromstring(picture).tag == "svg"
    assert "script" not in picture
