"""What only the system's package manager can install: nginx, Chromium, PostgreSQL, gettext, venv.

Plain syntax and the standard library alone: deploy/bootstrap.py imports it on any Python.
"""

import glob
import os
import shutil
import subprocess
import sys


class Missing(Exception):
    """A package that we may not or cannot install; the text says what to do."""


def privilege():
    """What to put before a command that needs root: nothing, sudo, or None when neither is had."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and not subprocess.run(
            ["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ).returncode
    ):
        return ["sudo", "-n"]
    return None


def install(apt, brew, why):
    """Install a package by its name at Debian's or Homebrew's; raises Missing."""
    if shutil.which("apt-get"):
        _apt(apt, why)
    elif shutil.which("brew") and brew:
        print(f"Installing {why} (brew install {brew})", flush=True)
        if subprocess.run(["brew", "install", "--quiet", brew]).returncode:
            raise Missing(f"{why} is needed and `brew install {brew}` failed.")
    else:
        raise Missing(f"{why} is needed: install it with this system's package manager.")


def _apt(package, why):
    before = privilege()
    if before is None:
        raise Missing(
            f"{why} is needed and only root may install it: sudo apt-get install {package}"
        )
    print(f"Installing {why} (apt-get install {package})", flush=True)
    get = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    arguments = ["install", "--yes", "--no-install-recommends", *package.split()]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    # The lists may be missing or old: they are fetched when the package is not found by them.
    if subprocess.run(get + arguments, **quiet).returncode:
        subprocess.run([*get, "update"], **quiet)
        done = subprocess.run(get + arguments, **quiet)
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise Missing(f"{why} is needed and apt-get failed: {lines[-1]}")


def find_nginx():
    """The path of nginx, or None. Debian has it in /usr/sbin, which is in few users' PATH."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def find_chromium():
    """The path of a Chromium for the tests' page in a real browser, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    mac = "/Applications/Chromium.app/Contents/MacOS/Chromium"
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    return found or (mac if os.path.exists(mac) else None)


def find_postgresql():
    """The folder of PostgreSQL's server programs, the newest there is, or None."""
    # Debian keeps them out of PATH, a folder for each version.
    versions = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.split("/")[4]), default=None)
    found = newest or shutil.which("initdb")
    return os.path.dirname(found) if found else None


def need_nginx():
    """The path of nginx, which is installed when it is missing; raises Missing."""
    if not find_nginx():
        install(apt="nginx", brew="nginx", why="nginx")
    found = find_nginx()
    if not found:
        raise Missing("nginx was installed, but cannot be found in PATH.")
    return found


def need_gettext():
    """Install gettext's programs where they are missing; raises Missing."""
    if not shutil.which("msgmerge"):
        install(apt="gettext", brew="gettext", why="gettext")


def main():
    """For `make test`: everything that the tests need of the system."""
    try:
        need_nginx()
        if not find_chromium():
            install(apt="chromium fonts-noto-color-emoji", brew="chromium", why="Chromium")
        if not find_postgresql():
            install(apt="postgresql", brew="postgresql@17", why="PostgreSQL")
        need_gettext()
    except Missing as error:
        sys.exit(f"make: {error}")


if __name__ == "__main__":
    main()
