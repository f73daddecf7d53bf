"""The virtual environment: create .venv and install the pinned requirements, unless that is done.

    python3 deploy/bootstrap.py [--dev]

Runs on the machine's own Python before anything is installed. Must also run on a Python that is too
old, to say so: no syntax newer than Python 3.6, and no import of ours but system_packages.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
MINIMUM = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def fail(text):
    """End with one line on the standard error."""
    sys.exit("make: " + text)


def find_python():
    """Return this Python if it is new enough, or a newer one found in PATH; else fail."""
    if sys.version_info >= MINIMUM:
        return sys.executable
    found = next(filter(None, map(shutil.which, NEWER)), None)
    if found:
        return found
    have = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return fail(
        f"Python 3.11 or newer is needed, and {sys.executable} is {have}. Install one (apt install "
        "python3.11 python3.11-venv, brew install python@3.11), or say where it is: "
        "make up PYTHON=/path/to/python3.11"
    )


def digest(paths):
    """Return a hash of the requirements and of the Python that they are installed for."""
    text = hashlib.sha256(sys.version.encode())
    for path in paths:
        with open(path, "rb") as file:
            text.update(file.read())
    return text.hexdigest()


def create_venv():
    """Create .venv. Debian packages venv separately: install it first if it is missing."""
    try:
        import ensurepip  # noqa: F401 only to see whether it is there
    except ImportError:
        import system_packages

        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        try:
            system_packages.install(apt=package, brew=None, why="virtual environments")
        except system_packages.MissingPackage as error:
            fail(str(error))
    print("Making the virtual environment in .venv", flush=True)
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV])
    if done.returncode:
        fail(".venv could not be created; Python says why above.")


def install(requirements):
    """Install the files `requirements`; pip checks their hashes."""
    print("Installing the Python packages (once; a minute or so)", flush=True)
    command = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for path in requirements:
        command += ["--requirement", path]
    if subprocess.run(command).returncode:
        fail("the Python packages could not be installed; pip says why above.")


def lock():
    """Lock this folder until the process ends; a second `make` in it waits."""
    import fcntl

    descriptor = os.open(ROOT, os.O_RDONLY)  # the folder itself: no lock file to leave behind
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def main():
    python = find_python()
    if python != sys.executable:
        os.execv(python, [python, *sys.argv])
    # The second file includes everything in the first.
    name = "requirements-dev.txt" if "--dev" in sys.argv else "requirements.txt"
    requirements = os.path.join(ROOT, name)
    stamp = os.path.join(VENV, name + ".installed")
    wanted = digest([requirements])
    try:
        lock()
        if os.path.exists(stamp) and os.path.exists(VENV_PYTHON):
            with open(stamp) as file:
                if file.read() == wanted:
                    return
        if not os.path.exists(VENV_PYTHON) or not os.path.isdir(VENV):
            create_venv()
        install([requirements])
        with open(stamp, "w") as file:
            file.write(wanted)
    except (OSError, PermissionError) as error:
        fail(f"{ROOT} cannot be written: {error.strerror}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
