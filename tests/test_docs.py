"""The documentation names what there is: every setting, every make target, every file it links."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
# env.str("NAME"…), number("NAME"…), os.environ.get("NAME"…), _port("NAME"…), database("a", "NAME")
READS = re.compile(
    r"\b(?:env(?:iron)?\.\w+|environ\[|number|count|choice|flag|rate|seconds|_ports?|_addresses|_networks)"
    r'[(\[]?\s*"([A-Z][A-Z0-9_]+)"'
    r'|\bdatabase\("\w+", "([A-Z_]+)"'
)
# Not ours: the system's, and Django's own.
OTHERS = {"PATH", "DJANGO_SETTINGS_MODULE"}


def variables() -> set[str]:
    """Every environment variable that the settings or deploy/ read."""
    files = [*(ROOT / "twitsite" / "settings").glob("*.py"), *(ROOT / "deploy").glob("*.py")]
    found = [match for file in files for match in READS.findall(file.read_text())]
    return {first or second for first, second in found} - OTHERS


def test_every_setting_is_documented():
    assert len(variables()) > 25
    assert [name for name in sorted(variables()) if f"`{name}`" not in SETTINGS] == []


def test_every_documented_setting_exists():
    code = "".join(
        file.read_text()
        for folder in ("twitsite", "deploy", "timeline_api")
        for file in (ROOT / folder).rglob("*.py")
    )
    documented = re.findall(r"^\| `([A-Z_]+)`", SETTINGS, re.MULTILINE)
    assert [name for name in documented if f'"{name}"' not in code] == []


def test_every_variable_of_the_example_file_is_documented():
    example = (ROOT / ".env.example").read_text()
    names = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)
    assert names
    assert [name for name in names if f"`{name}`" not in SETTINGS] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/operations.md"])
def test_every_make_target_that_a_page_names_exists(page):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|\$ )make ([a-z]+)", (ROOT / page).read_text())
    assert named
    assert set(named) - set(targets) == set()


@pytest.mark.parametrize(
    "page",
    [str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]],
)
def test_every_linked_file_exists(page):
    path = ROOT / page
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
