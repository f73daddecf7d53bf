"""The documentation is complete and names only what exists: settings, make targets, files."""

import re
import tomllib
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path

import pytest

import shardrouter

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "benchmarks",
    "deploy",
    "docs",
    "fixtures",
    "shardrouter",
    "tests",
    "timeline_api",
    "timeline_web",
    "twitsite",
)
TEXTS = {".py", ".md", ".html", ".conf", ".js", ".css", ".txt", ".yml", ".yaml", ".toml"}
TEXTS_WITHOUT_SUFFIX = ("Makefile", "Procfile", ".env.example", ".ci/run")
PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/**/*.md", "shardrouter/*.md")
    for path in ROOT.glob(pattern)
)
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
# env.str("NAME"…), number("NAME"…), os.environ.get("NAME"…), _port("NAME"…), database("a", "NAME")
READS = re.compile(
    r"\b(?:env(?:iron)?\.\w+|environ\[|number|count|choice|flag|rate|seconds|_ports?|_addresses|_networks)"
    r'[(\[]?\s*"([A-Z][A-Z0-9_]+)"'
    r'|\bdatabase\("\w+", "([A-Z_]+)"'
)
# The system's, and Django's own.
OTHERS = {"PATH", "DJANGO_SETTINGS_MODULE"}


def variables() -> set[str]:
    """Return every environment variable that the settings or deploy/ read."""
    files = [*(ROOT / "twitsite" / "settings").glob("*.py"), *(ROOT / "deploy").glob("*.py")]
    found = [match for file in files for match in READS.findall(file.read_text())]
    return {first or second for first, second in found} - OTHERS


def texts() -> dict[str, str]:
    """Return path → text of every file of the repository that people read."""
    folders = [ROOT / name for name in (*PACKAGES, ".github")]
    found = chain(ROOT.glob("*"), *(folder.rglob("*") for folder in folders))
    paths = [path for path in found if path.suffix in TEXTS and path.is_file()]
    paths += [ROOT / name for name in TEXTS_WITHOUT_SUFFIX]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def test_it_documents_every_setting():
    assert len(variables()) > 25
    assert [name for name in sorted(variables()) if f"`{name}`" not in SETTINGS] == []


def test_it_documents_no_setting_that_does_not_exist():
    code = "".join(
        file.read_text()
        for folder in ("twitsite", "deploy", "timeline_api")
        for file in (ROOT / folder).rglob("*.py")
    )
    documented = re.findall(r"^\| `([A-Z_]+)`", SETTINGS, re.MULTILINE)
    assert [name for name in documented if f'"{name}"' not in code] == []


def test_it_documents_every_variable_of_the_example_file():
    example = (ROOT / ".env.example").read_text()
    names = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)
    assert names
    assert [name for name in names if f"`{name}`" not in SETTINGS] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/operations.md"])
def test_it_names_make_targets_that_exist(page):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|\$ )make ([a-z]+)", (ROOT / page).read_text())
    assert named
    assert set(named) - set(targets) == set()


@pytest.mark.parametrize("page", ["README.md", "Makefile"])
def test_it_names_programs_that_make_up_installs(page):
    """`make help` shows the comments of the Makefile's targets."""
    text = (ROOT / page).read_text()
    shown = "\n".join(re.findall("## (.*)", text)) if page == "Makefile" else text
    required = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.M)
    installed = {
        script.name: script.dist.name.lower() for script in entry_points(group="console_scripts")
    }
    named = set(re.findall(r"\.venv/bin/([\w.-]+)", shown)) - {"python"}
    assert [name for name in named if installed.get(name) not in required] == []


def test_it_leaves_no_file_after_the_tour():
    commands = re.findall(r"^[$>] (.*)$", (ROOT / "README.md").read_text(), re.M)
    assert len(commands) >= 25
    writes = re.compile(r"-o (?!/dev/null)\S+|(?<![-<])> ?[\w./]+\.\w+")
    written = [writes.search(each) for each in commands]
    assert [found[0] for found in written if found] == []


@pytest.mark.parametrize("page", PAGES)
def test_it_links_to_files_that_exist(page):
    path = ROOT / page
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_it_cites_pages_that_exist():
    """In code, comments and docs, by the end of their path: `api.md`, `docs/api.md`."""
    found = texts()
    pages = {f"/{name}" for name in found if name.endswith(".md")}
    cited = [
        (name, page)
        for name, text in found.items()
        for page in re.findall(r"(?<![\w/.*{<-])[\w./-]+\.md\b", text)
    ]
    assert len(cited) > 30
    missing = [
        (name, page)
        for name, page in cited
        if not any(each.endswith(f"/{page}") for each in pages)
        and not (ROOT / name).parent.joinpath(page).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_it_names_modules_that_exist(page):
    """As `services/messages.py` of a package, or by the whole path. Blocks of code that name the
    file of a reader's project are left out."""
    folders = [ROOT, (ROOT / page).parent, *(ROOT / name for name in PACKAGES)]
    text = re.sub(
        r"^```python\n# [\w/]+\.py.*?^```", "", (ROOT / page).read_text(), flags=re.M | re.S
    )
    named = re.findall(r"(?<![\w/.*<-])[\w-]+(?:/[\w.-]+)+\.py\b", text)
    assert [name for name in named if not any((each / name).exists() for each in folders)] == []


TWITSITE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize(
    ("folder", "released"), [(".", TWITSITE), ("shardrouter", shardrouter.__version__)]
)
def test_it_has_a_changelog_entry_for_its_version(folder, released):
    text = (ROOT / folder / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[(.+?)\](.*)$", text, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    version, date = headings[1]
    assert version == released
    assert re.fullmatch(r" - \d{4}-\d{2}-\d{2}", date)
