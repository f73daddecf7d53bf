"""Usernames: which are allowed. The database ensures that each is taken once."""

import re

from .limits import MAX_USERNAME_LENGTH

# ASCII alone: case folding beyond it would make different texts the same name.
USERNAME = re.compile(rf"[A-Za-z0-9_]{{1,{MAX_USERNAME_LENGTH}}}", re.ASCII)

# Paths of the site and of the API, and misleading words. In lower case.
RESERVED_USERNAMES = frozenset(
    (
        "about account accounts add_message admin administrator api blog docs edit error explore "
        "export favicon feed feeds follow followers following help home index info language livez "
        "login logout me media message messages metrics moderator new notifications null operator "
        "password privacy public readyz register robots root rules schema search security "
        "settings signup sitemap static status support system tag tags terms timeline timelines "
        "token tokens twitsite undefined unfollow user users web"
    ).split(" ")
)


def is_well_formed(username: str) -> bool:
    """Return whether this can be the name of an account: 1 to 30 of `[A-Za-z0-9_]`."""
    return USERNAME.fullmatch(username) is not None


def is_reserved(username: str) -> bool:
    """Return whether nobody may register this name, in any case."""
    return key(username) in RESERVED_USERNAMES


def key(username: str) -> str:
    """Return the form by which well-formed names are compared, as in `Account.username_key`."""
    return username.lower()
