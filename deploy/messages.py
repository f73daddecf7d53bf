"""`make messages`: collect the texts to translate into .po files, and compile them to .mo files.

Needs gettext's programs. Both kinds of files are in the repository, so that running the site does
not need them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from .system_packages import MissingPackage, ensure_gettext

ROOT = Path(__file__).resolve().parent.parent
DOMAINS = {"timeline_api": ["django"], "timeline_web": ["django", "djangojs"]}
# No line numbers, no wrapping and no date, so that a diff shows only what was translated.
# Not the admin's own texts: the operators read English.
FLAGS = ["--all", "--add-location=file", "--no-wrap", "--no-obsolete", "--ignore", "admin*"]
DATE = re.compile(r'^"POT-Creation-Date:.*\n', re.MULTILINE)


def collect(root: Path = ROOT) -> None:
    """Update the .po files of the apps in `root` from the texts marked for translation."""
    for app, domains in DOMAINS.items():
        for domain in domains:
            _django("makemessages", "--domain", domain, *FLAGS, folder=root / app)
    for path in root.glob("timeline_*/locale/*/LC_MESSAGES/*.po"):
        path.write_text(DATE.sub("", path.read_text()))


def compile_all(root: Path = ROOT) -> None:
    """Compile the .mo files of the apps in `root`."""
    for app in DOMAINS:
        _django("compilemessages", folder=root / app)


def _django(*arguments: str, folder: Path) -> None:
    # The commands work on the current folder and need no settings.
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-P", "-m", "django", *arguments, "--verbosity", "0"]
    subprocess.run(command, cwd=folder, env=env, check=True)


if __name__ == "__main__":
    try:
        ensure_gettext()
    except MissingPackage as error:
        sys.exit(f"make: {error}")
    collect()
    compile_all()
