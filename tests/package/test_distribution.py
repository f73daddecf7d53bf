"""django-shardrouter as a package: what is in it, and the docs' first project made with it."""

import re
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import shardrouter
from tests.package.environments import ROOT, Environment, build

pytestmark = pytest.mark.long

PAGE = (ROOT / "docs" / "shardrouter" / "README.md").read_text()
SECTION = PAGE.split("## A first project\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"^```(console|python)\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
INSTALL = "pip install django-shardrouter"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("built"))


def source_files():
    folder = ROOT / "shardrouter"
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


ABOUT = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"}


def test_its_wheel_holds_the_package_and_nothing_else(built):
    with zipfile.ZipFile(built["wheel"]) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert set(names) == {f"shardrouter/{name}" for name in source_files() - ABOUT}
    assert {
        "shardrouter/py.typed",
        "shardrouter/migrations/0001_initial.py",
        "shardrouter/management/commands/shards.py",
    } <= set(names)


def test_its_sdist_holds_all_that_a_wheel_is_built_from(built):
    with tarfile.open(built["sdist"]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert source_files() <= names


def test_it_requires_django_alone(built):
    with zipfile.ZipFile(built["wheel"]) as wheel:
        (name,) = (each for each in wheel.namelist() if each.endswith("/METADATA"))
        metadata = Parser().parsestr(wheel.read(name).decode())
    needed = [each for each in metadata.get_all("Requires-Dist") if "extra ==" not in each]
    assert needed == ["django>=5.2"]
    assert metadata.get_all("Provides-Extra") == ["postgresql"]
    assert metadata["Version"] == shardrouter.__version__
    for number in ("3.11", "3.12", "3.13", "3.14"):
        assert f"Programming Language :: Python :: {number}" in metadata.get_all("Classifier")


def test_it_is_the_only_package_of_the_repository():
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "build-system" not in root
    assert root["tool"]["uv"] == {"package": False}
    assert "Private :: Do Not Upload" in root["project"]["classifiers"]


def lines_of(block):
    """Yield the commands of a console block, each with the lines that it should write."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected.strip()


def write(folder, block):
    """Write a block of Python to the file that its first line names, or append it there."""
    first = block.split("\n")[0]
    path = Path(folder, re.match(r"# (\S+\.py)", first).group(1))
    before = path.read_text() if "at the end" in first else ""
    path.write_text(before + block)


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_it_makes_the_first_project_of_the_page(built, kind, tmp_path):
    environment = Environment(tmp_path)
    ran = []
    for language, block in BLOCKS:
        if language == "python":
            write(tmp_path, block)
            continue
        for command, expected in lines_of(block):
            ran.append(command)
            given = command.replace(INSTALL, f"pip install --quiet {built[kind]}")
            written = environment.run(given.replace("python3 ", f"{sys.executable} "))
            if expected:
                assert written.strip() == expected, command
    assert INSTALL in ran
    assert {"check", "migrate", "loaddata", "shards"} <= {
        command.split()[2] for command in ran if command.startswith("python manage.py")
    }
    installed = environment.run("pip list --format freeze").lower().split()
    others = {"pip", "setuptools", "wheel", "django", "asgiref", "sqlparse", "django-shardrouter"}
    assert {line.split("==")[0].split("@")[0] for line in installed if "==" in line} <= others
    where = environment.run("python -c 'import shardrouter; print(shardrouter.__file__)'")
    assert str(tmp_path) in where
