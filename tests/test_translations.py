"""The .po and .mo files against the texts in code and templates, and against each other."""

import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy import messages

ROOT = messages.ROOT
CATALOGS = sorted(path.relative_to(ROOT) for path in ROOT.glob("timeline_*/locale/*/*/*.po"))


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A copy of the apps on which `make messages` has just run."""
    copy = tmp_path_factory.mktemp("copy")
    for app in messages.DOMAINS:
        shutil.copytree(ROOT / app, copy / app, ignore=shutil.ignore_patterns("__pycache__"))
    messages.collect(copy)
    messages.compile_all(copy)
    return copy


def entries(path: Path, *options: str) -> str:
    """Return the entries of a catalog that msgattrib prints with `options`."""
    command = ["msgattrib", "--no-location", "--no-obsolete", "--no-wrap", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def read(path: Path) -> dict:
    """Return msgid → msgstr of a .mo file, without its header."""
    with path.open("rb") as file:
        catalog = gettext.GNUTranslations(file)._catalog
    return {text: translation for text, translation in catalog.items() if text}


def test_it_has_catalogs_of_both_services_and_of_the_script():
    assert {(path.parts[0], path.stem) for path in CATALOGS} == {
        ("timeline_api", "django"),
        ("timeline_web", "django"),
        ("timeline_web", "djangojs"),
    }


def marked(path: Path) -> list[str]:
    """Return the msgctxt, msgid and msgid_plural lines of a .po file."""
    return re.findall(r"^msg(?:ctxt|id|id_plural) .*$", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("catalog", CATALOGS, ids=str)
def test_it_has_every_marked_text_and_no_other(collected, catalog):
    assert marked(ROOT / catalog) == marked(collected / catalog), "run `make messages`"
    assert "POT-Creation-Date" not in (ROOT / catalog).read_text()


@pytest.mark.parametrize("catalog", CATALOGS, ids=str)
def test_it_translates_every_text_and_none_by_a_guess(catalog):
    assert entries(ROOT / catalog, "--untranslated") == ""
    assert entries(ROOT / catalog, "--only-fuzzy") == ""


@pytest.mark.parametrize("catalog", CATALOGS, ids=str)
def test_it_keeps_placeholders_and_tags_in_translations(catalog):
    for text, translation in read((ROOT / catalog).with_suffix(".mo")).items():
        text, form = text if isinstance(text, tuple) else (text, None)
        wanted, given = (set(re.findall(r"%\(\w+\)[sd]", one)) for one in (text, translation))
        # The forms for none, one and two may spell the number out.
        missing = {name for name in wanted - given if form not in (0, 1, 2)}
        assert given <= wanted, translation
        assert missing == set(), translation
        tags = [sorted(re.findall("<[^>]+>", one)) for one in (text, translation)]
        assert tags[0] == tags[1], translation


@pytest.mark.parametrize("catalog", CATALOGS, ids=str)
def test_it_has_compiled_the_current_translations(collected, catalog):
    compiled = catalog.with_suffix(".mo")
    assert read(ROOT / compiled) == read(collected / compiled), "run `make messages`"


def test_it_translates_alike_in_the_script_and_on_the_pages():
    for path in CATALOGS:
        if path.stem == "djangojs":
            script = read((ROOT / path).with_suffix(".mo"))
            pages = read((ROOT / path).with_name("django.mo"))
            shared = script.keys() & pages.keys()
            assert {"just now", "%(number)s min ago", "%(number)s h ago"} <= shared
            assert {text: script[text] for text in shared} == {text: pages[text] for text in shared}
