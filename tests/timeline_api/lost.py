"""A database that is lost while a test's transaction on it goes on."""

import sqlite3
from contextlib import AbstractContextManager

from django.db import connections


def lost(alias: str) -> AbstractContextManager:
    """`with lost("shard1"):` every statement to it fails with the driver's own error."""

    def refuse(execute, sql, params, many, context):
        with connections[alias].wrap_database_errors:
            sqlite3.connect("/no/such/folder/file")

    return connections[alias].execute_wrapper(refuse)
