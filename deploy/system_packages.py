"""What only the system's package manager can install: nginx, Chromium, PostgreSQL, gettext,
promtool, venv.

Plain syntax and the standard library only: deploy/bootstrap.py imports it on any Python.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# For programs of which a package is not installed whole.
OWN_BIN = os.path.join(ROOT, ".venv", "bin")

MAC_BROWSERS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Debian keeps PostgreSQL's server programs out of PATH, in a folder for each version; so does
# Homebrew, on Apple's processors and on Intel's.
INITDB = (
    "/usr/lib/postgresql/*/bin/initdb",
    "/opt/homebrew/opt/postgresql@*/bin/initdb",
    "/usr/local/opt/postgresql@*/bin/initdb",
)


class MissingPackage(Exception):
    """A package that could not be installed. The text says what to do."""


def root_prefix():
    """Return what to put before a command that needs root: nothing, or sudo. None if neither."""
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
    """Install a package by its name in Debian or in Homebrew. Raise MissingPackage."""
    if shutil.which("apt-get"):
        _apt(apt, why)
    elif shutil.which("brew") and brew:
        print(f"Installing {why} (brew install {brew})", flush=True)
        if subprocess.run(["brew", "install", "--quiet", brew]).returncode:
            raise MissingPackage(f"{why} is needed and `brew install {brew}` failed.")
    else:
        raise MissingPackage(f"{why} is needed: install it with this system's package manager.")


def _apt(package, why):
    prefix = root_prefix()
    if prefix is None:
        raise MissingPackage(
            f"{why} is needed and only root may install it: sudo apt-get install {package}"
        )
    print(f"Installing {why} (apt-get install {package})", flush=True)
    get = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    arguments = ["install", "--yes", "--no-install-recommends", *package.split()]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    # The package lists may be missing or outdated: update them only if the first try fails.
    if subprocess.run(get + arguments, **quiet).returncode:
        subprocess.run([*get, "update"], **quiet)
        done = subprocess.run(get + arguments, **quiet)
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise MissingPackage(f"{why} is needed and apt-get failed: {lines[-1]}")


def find_nginx():
    """Return the path of nginx, or None. Debian's is in /usr/sbin, which few users have in PATH."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def find_chromium():
    """Return the path of CHROMIUM, Chromium or Chrome, for the browser tests; or None."""
    if os.environ.get("CHROMIUM"):
        return os.environ["CHROMIUM"]
    names = ("chromium", "chromium-browser", "google-chrome")
    found = [*filter(None, map(shutil.which, names)), *filter(os.path.exists, MAC_BROWSERS)]
    return found[0] if found else None


def find_postgresql():
    """Return the folder of the newest PostgreSQL server's programs, or None."""
    versions = [path for pattern in INITDB for path in glob.glob(pattern)]
    newest = max(versions, key=_version, default=None)
    found = newest or shutil.which("initdb")
    return os.path.dirname(found) if found else None


def _version(path):
    """Return 17.0 for …/17/bin/initdb and for …/postgresql@17/bin/initdb."""
    return float(path.split("/")[-3].rpartition("@")[2])


def ensure_nginx():
    """Return the path of nginx, after installing it if it is missing. Raise MissingPackage."""
    if not find_nginx():
        install(apt="nginx", brew="nginx", why="nginx")
    found = find_nginx()
    if not found:
        raise MissingPackage("nginx was installed, but cannot be found in PATH.")
    return found


def ensure_gettext():
    """Install gettext's programs if they are missing. Raise MissingPackage."""
    if not shutil.which("msgmerge"):
        install(apt="gettext", brew="gettext", why="gettext")


def find_promtool():
    """Return the path of promtool, which checks Prometheus's files; or None."""
    return shutil.which("promtool", path=os.pathsep.join((os.environ.get("PATH", ""), OWN_BIN)))


def ensure_promtool():
    """Install promtool if it is missing. Raise MissingPackage."""
    if find_promtool():
        return
    if shutil.which("apt-get"):
        _unpack_from_debian("prometheus", "usr/bin/promtool")
    else:
        install(apt="prometheus", brew="prometheus", why="promtool")


def _unpack_from_debian(package, path):
    """Put one file of a Debian package into OWN_BIN: to install it would start its server."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # for apt's own user
        for _ in range(2):
            done = subprocess.run(["apt-get", "-qq", "download", package], cwd=folder, **quiet)
            if not done.returncode:
                break
            prefix = root_prefix() or []
            subprocess.run([*prefix, "apt-get", "-qq", "update"], **quiet)
        if done.returncode:
            raise MissingPackage(
                f"{os.path.basename(path)} is needed and `apt-get download {package}` failed."
            )
        found = glob.glob(os.path.join(folder, "*.deb"))[0]
        subprocess.run(["dpkg-deb", "--extract", found, folder], check=True)
        os.makedirs(OWN_BIN, exist_ok=True)
        shutil.copy2(os.path.join(folder, path), OWN_BIN)


def main():
    """Install everything that the tests need of the system, for `make test`."""
    try:
        ensure_nginx()
        if not find_chromium():
            # Homebrew has no Chromium that passes macOS's Gatekeeper.
            install(apt="chromium fonts-noto-color-emoji", brew="google-chrome", why="Chromium")
        if not find_postgresql():
            install(apt="postgresql", brew="postgresql@17", why="PostgreSQL")
        ensure_gettext()
        ensure_promtool()
    except MissingPackage as error:
        sys.exit(f"make: {error}")


if __name__ == "__main__":
    main()
