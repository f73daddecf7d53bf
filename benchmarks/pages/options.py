"""Options: how much is filled and how long is measured, from the environment."""

import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path


def _number(variable: str, default: float) -> float:
    """The positive number in `variable`. Raise SystemExit for anything else."""
    text = os.environ.get(variable, "")
    try:
        value = float(text or default)
    except ValueError:
        value = 0
    if value <= 0:
        raise SystemExit(f"{variable}={text!r} is not a positive number.")
    return value


def _folder() -> Path:
    default = Path(tempfile.gettempdir()) / "twitsite-pages"
    return Path(os.environ.get("PAGES_FOLDER") or default).absolute()


@dataclass(frozen=True)
class Options:
    """What one run does. Every field has an environment variable, PAGES_ and its name."""

    accounts: int = field(default_factory=lambda: int(_number("PAGES_ACCOUNTS", 20_000)))
    messages: int = field(default_factory=lambda: int(_number("PAGES_MESSAGES", 1_000_000)))
    # The size that the larger one is compared with.
    small: int = field(default_factory=lambda: int(_number("PAGES_SMALL", 20_000)))
    # Of one window of measuring; each side has one a round.
    seconds: float = field(default_factory=lambda: _number("PAGES_SECONDS", 4))
    rounds: int = field(default_factory=lambda: int(_number("PAGES_ROUNDS", 3)))
    connections: int = field(default_factory=lambda: int(_number("PAGES_CONNECTIONS", 16)))
    # Filled databases are kept here for the next run.
    folder: Path = field(default_factory=_folder)

    def quick(self) -> "Options":
        """A trial run: few rows, one short round."""
        return replace(
            self, accounts=300, messages=4_400, small=4_200, seconds=0.3, rounds=1, connections=4
        )
