"""Limits of the domain: how long and how many."""

#: Characters of a message.
MAX_TEXT_LENGTH = 280
#: How many of the messages above it a reply knows.
MAX_ANCESTORS = 10
#: Characters of a username.
MAX_USERNAME_LENGTH = 30
