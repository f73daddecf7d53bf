"""The `.env` of an installation, created on the first run with its own secret."""

import os
import re
import secrets
from pathlib import Path

from .config import ROOT
from .errors import DeployError


def create(path: Path) -> bool:
    """Write `path` from .env.example, readable by its owner only. Return False if it exists."""
    if path.exists():
        return False
    text = (ROOT / ".env.example").read_text()
    text = re.sub(r"(?m)^SECRET_KEY=.*$", f"SECRET_KEY={secrets.token_urlsafe(48)}", text)
    try:
        # Opened with its final mode, so that no other user can read it at any moment.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    except OSError as error:
        raise DeployError(f"{path} cannot be written: {error.strerror}.") from None
    return True
