"""The one exception that ends a command of deploy/ with a line instead of a traceback."""


class Refusal(Exception):
    """Something the person at the keyboard can put right; its text says what and how, in a line."""
