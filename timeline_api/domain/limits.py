"""Limits of the domain."""

#: Characters in a message.
MAX_TEXT_LENGTH = 280
#: How many of the messages above it a reply stores the ids of.
MAX_ANCESTORS = 10
#: Characters in a username.
MAX_USERNAME_LENGTH = 30
