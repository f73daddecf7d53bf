"""Processes of the API with files of their own, which a test may move, damage or make read-only."""

import ctypes
import os
import shutil
import subprocess
import sys

import pytest


def obey_file_modes():
    """Let root, too, write only what a file's mode allows."""
    PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # prctl(2), capabilities(7)
    if sys.platform == "linux" and os.getuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def run_with_files(folder, *command, **environment):
    """Return what `python COMMAND` prints, with its databases in `folder`. Raise ChildProcessError
    if it fails."""
    settings = {"DJANGO_SETTINGS_MODULE": "twitsite.settings.test", "VAR_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        env=os.environ | settings | environment,
        preexec_fn=obey_file_modes,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ChildProcessError(done.stdout + done.stderr)
    return done.stdout


@pytest.fixture(scope="package")
def migrated(tmp_path_factory):
    """A folder with migrated databases."""
    folder = tmp_path_factory.mktemp("migrated")
    run_with_files(folder, "manage.py", "migrate", "--verbosity", "0")
    return folder


@pytest.fixture
def run(migrated, tmp_path):
    """run("-c", code, NAME=value) → what it prints; databases are in `tmp_path`."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)

    def run(*command, **environment):
        return run_with_files(tmp_path, *command, **environment)

    return run
