"""The `.env` of an installation: made on the first run, with a secret of its own."""

import os
import re
import secrets
from pathlib import Path

from .config import ROOT
from .refusal import Refusal


def make(path: Path) -> bool:
    """Write `path` from .env.example, readable by its owner alone; False when it is there."""
    if path.exists():
        return False
    text = (ROOT / ".env.example").read_text()
    text = re.sub(r"(?m)^SECRET_KEY=.*$", f"SECRET_KEY={secrets.token_urlsafe(48)}", text)
    try:
        # Created with its final mode: at no moment can another user read it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror}.") from None
    return True
