"""`migrate` refuses a database whose locale cannot compare names."""

import uuid

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from timeline_api.search import index


@pytest.fixture
def cursor_in():
    """cursor_in(locale) → a cursor in a new database with that locale."""
    name, opened = f"locale_{uuid.uuid4().hex}", []
    with psycopg.connect(dbname="postgres", autocommit=True) as server:

        def cursor_in(locale):
            server.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE '{locale}'"
            )
            opened.append(psycopg.connect(dbname=name))
            opened[0].execute("CREATE TABLE texts (text text)")
            return opened[0].cursor()

        yield cursor_in
        opened[0].close()
        server.execute(f"DROP DATABASE {name}")


def test_it_refuses_a_locale_of_ascii_alone(cursor_in):
    with pytest.raises(ImproperlyConfigured, match=r"LOCALE 'C.UTF-8'"):
        index.create_postgresql_index(cursor_in("C"), "texts", ("text",))


def test_it_takes_utf_8(cursor_in):
    cursor = cursor_in("C.UTF-8")
    for _ in range(2):
        index.create_postgresql_index(cursor, "texts", ("text",))
    cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'texts'")
    assert cursor.fetchall() == [("texts_words",)]
