"""What `make messages` runs: texts to translate into the .po files, translations into .mo files.

It needs gettext's programs. Both kinds of files are kept in the repository, so that who only runs
the site needs none.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from .system_packages import Missing, need_gettext

ROOT = Path(__file__).resolve().parent.parent
DOMAINS = {"timeline_api": ["django"], "timeline_web": ["django", "djangojs"]}
# Files without line numbers, unwrapped lines, no date: a diff shows what was translated.
FLAGS = ["--all", "--add-location=file", "--no-wrap", "--no-obsolete"]
DATE = re.compile(r'^"POT-Creation-Date:.*\n', re.MULTILINE)


def collect(root: Path = ROOT) -> None:
    """Bring the .po files of the apps in `root` up to date with the texts that are marked."""
    for app, domains in DOMAINS.items():
        for domain in domains:
            _django("makemessages", "--domain", domain, *FLAGS, folder=root / app)
    for path in root.glob("timeline_*/locale/*/LC_MESSAGES/*.po"):
        path.write_text(DATE.sub("", path.read_text()))


def compile_all(root: Path = ROOT) -> None:
    """Make the .mo files of the apps in `root`."""
    for app in DOMAINS:
        _django("compilemessages", folder=root / app)


def _django(*arguments: str, folder: Path) -> None:
    # The commands work on the folder where they run, and need no settings.
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-P", "-m", "django", *arguments, "--verbosity", "0"]
    subprocess.run(command, cwd=folder, env=env, check=True)


if __name__ == "__main__":
    try:
        need_gettext()
    except Missing as error:
        sys.exit(f"make: {error}")
    collect()
    compile_all()
