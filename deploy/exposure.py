"""What an installation that other machines can reach must not have: any host name answered,
passwords that are published."""

import os

from .config import Config
from .errors import DeployError

DEMO_MEMBERS = ("alice", "bob", "charlie", "dana")
PUBLISHED_PASSWORD = "minitwit-demo"


def check_settings(config: Config, *, is_populated: bool) -> None:
    """Raise DeployError if others can reach this installation and its settings are those of a demo.

    `is_populated` says that the demo members were loaded before: see `check_passwords` then.
    """
    if not config.is_open:
        return
    why = _why(config)
    hosts = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    if "*" in hosts or not any(hosts):
        raise DeployError(f"{why} First name its hosts in ALLOWED_HOSTS, as twitsite.example.")
    if os.environ.get("ADMIN_PASSWORD") == PUBLISHED_PASSWORD:
        raise DeployError(f"{why} Choose another ADMIN_PASSWORD first: this one is published.")
    if config.population and not is_populated:
        raise DeployError(
            f"{why} Set POPULATION=False first: everybody knows the password of the demo members."
        )


def check_passwords(config: Config, names: str) -> None:
    """Raise DeployError if others can reach this installation and those in `names`, if there are
    any, log in with the published password."""
    if config.is_open and names:
        raise DeployError(
            f"{_why(config)} First delete {names} or change their password, which is published: "
            "start without LISTEN and HTTPS, and use the admin or their settings."
        )


def _why(config: Config) -> str:
    variable = "HTTPS=True" if config.https else f"LISTEN={','.join(config.listen)}"
    return f"{variable} opens Twitsite to other machines."
