"""Losing a database while a test's transaction on it is open."""

import sqlite3
from contextlib import AbstractContextManager

import psycopg
from django.db import connections


def lost(alias: str) -> AbstractContextManager:
    """with lost("shard1"): … lets every statement on it fail with the driver's own error."""
    connection = connections[alias]

    def refuse(execute, sql, params, many, context):
        with connection.wrap_database_errors:
            if connection.vendor == "sqlite":
                sqlite3.connect("/no/such/folder/file")
            else:
                psycopg.connect(host="/no/such/folder")

    return connection.execute_wrapper(refuse)
