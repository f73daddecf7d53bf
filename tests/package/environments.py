"""Virtual environments of their own, and what runs in them: as a newcomer's machine has it."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Nothing of this repository's settings, or of its virtual environment, may help.
PRIVATE = {"DJANGO_SETTINGS_MODULE", "PYTHONPATH", "SECRET_KEY", "ENV_FILE", "VIRTUAL_ENV"}


def build(folder: Path) -> dict[str, Path]:
    """Build the sdist, and from it the wheel, into `folder`. Return both, by their kind."""
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", str(folder)]
    subprocess.run([*command, str(ROOT / "shardrouter")], check=True)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return {"sdist": sdist, "wheel": wheel}


class Environment:
    """The virtual environment `.venv` in `folder`, where commands run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / ".venv" / "bin"

    def create(self) -> None:
        venv.create(self.folder / ".venv", with_pip=True, symlinks=True)

    def install(self, *requirements: str) -> None:
        self.run(f"pip install --quiet --disable-pip-version-check {' '.join(requirements)}")

    def run(self, command: str, **more: str) -> str:
        """Return what `command`, a line of shell, writes. Fail with its errors if it fails."""
        kept = {name: value for name, value in os.environ.items() if name not in PRIVATE}
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env={**kept, "PATH": f"{self.bin}:{os.environ['PATH']}", **more},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout
