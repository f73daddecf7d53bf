"""`make status`: `manage.py status`, told where the instances of this installation are."""

import os
import sys

from . import config as deploy_config
from .config import ROOT
from .errors import DeployError


def main() -> None:
    """Become `manage.py status`. Exit with one line if the settings are wrong."""
    try:
        urls = deploy_config.read().instance_urls()
    except DeployError as error:
        sys.exit(f"make status: {error}")
    os.environ["INSTANCES"] = ",".join(f"{name}={url}" for name, url in urls.items())
    command = [sys.executable, str(ROOT / "manage.py"), "status", *sys.argv[1:]]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
