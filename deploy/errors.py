"""The exception that ends a command of deploy/ with one line instead of a traceback."""


class DeployError(Exception):
    """A problem the operator can fix. The text is one line: what is wrong and how to fix it."""
