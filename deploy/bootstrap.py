"""The virtual environment: makes .venv and installs the pinned requirements, unless that is done.

    python3 deploy/bootstrap.py [--dev]

Runs on the machine's own Python, before anything is installed, and on one that is too old long
enough to say so: hence no syntax newer than Python 3.6, and no import but system_packages.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
LEAST = (3, 11)


def refuse(text):
    """End with one line."""
    sys.exit("make: " + text)


def new_enough_python():
    """This Python, or a newer one by its usual name; refuses when there is none."""
    if sys.version_info >= LEAST:
        return sys.executable
    for minor in (13, 12, 11):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    have = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return refuse(
        f"Python 3.11 or newer is needed, and {sys.executable} is {have}. Install one (apt install "
        "python3.11 python3.11-venv, brew install python@3.11), or name it: "
        "make up PYTHON=/path/to/python3.11"
    )


def digest(paths):
    """What the stamp holds: a hash of the requirements and of the Python that they are for."""
    text = hashlib.sha256(sys.version.encode())
    for path in paths:
        with open(path, "rb") as file:
            text.update(file.read())
    return text.hexdigest()


def make_venv():
    """Make .venv; on Debian, which ships venv apart, install that first."""
    try:
        import ensurepip  # noqa: F401 only to see whether it is there
    except ImportError:
        import system_packages

        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        try:
            system_packages.install(apt=package, brew=None, why="virtual environments")
        except system_packages.Missing as error:
            refuse(str(error))
    print("Making the virtual environment in .venv", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV])
    if made.returncode:
        refuse(".venv could not be made; Python says why above.")


def install(requirements):
    """Install what `requirements` (paths) pin; their hashes are checked by pip."""
    print("Installing the Python packages (once; a minute or so)", flush=True)
    command = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for path in requirements:
        command += ["--requirement", path]
    if subprocess.run(command).returncode:
        refuse("the Python packages could not be installed; pip says why above.")


def locked():
    """A lock that a second `make` in this folder waits for; it ends with the process."""
    import fcntl

    lock = os.open(ROOT, os.O_RDONLY)  # the folder itself: no file to leave behind
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def main():
    python = new_enough_python()
    if python != sys.executable:
        os.execv(python, [python, *sys.argv])
    dev = "--dev" in sys.argv
    # The second holds everything that the first does.
    name = "requirements-dev.txt" if dev else "requirements.txt"
    requirements = os.path.join(ROOT, name)
    stamp = os.path.join(VENV, name + ".installed")
    wanted = digest([requirements])
    try:
        locked()
        if os.path.exists(stamp) and os.path.exists(VENV_PYTHON):
            with open(stamp) as file:
                if file.read() == wanted:
                    return
        if not os.path.exists(VENV_PYTHON) or not os.path.isdir(VENV):
            make_venv()
        install([requirements])
        with open(stamp, "w") as file:
            file.write(wanted)
    except (OSError, PermissionError) as error:
        refuse(f"{ROOT} cannot be written: {error.strerror}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
