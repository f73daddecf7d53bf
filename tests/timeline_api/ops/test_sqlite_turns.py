"""How writers of one SQLite file wait for each other."""

import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connections, transaction

from timeline_api.models import Outbox
from timeline_api.ops import sqlite_turns

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@contextmanager
def locked(seconds):
    """Another process holds the lock of shard0, and releases it after so many seconds."""
    holds = threading.Event()

    def hold():
        other = sqlite3.connect(connections["shard0"].settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        holds.set()
        time.sleep(seconds)
        other.execute("COMMIT")
        other.close()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    yield
    thread.join()


@contextmanager
def crowd(size):
    """Others who have one transaction after the other, and look often in between."""
    over = threading.Event()

    def work():
        with sqlite_turns.eagerly():
            while not over.is_set():
                with transaction.atomic(using="shard0"):
                    time.sleep(0.02)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(size)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def begin():
    began = time.monotonic()
    with transaction.atomic(using="shard0"):
        assert connections["shard0"].connection.in_transaction
    return time.monotonic() - began


def busy_timeout():
    return connections["shard0"].connection.execute("PRAGMA busy_timeout").fetchone()[0]


def test_it_begins_soon_after_another_ends():
    with locked(0.5):
        assert 0.3 < begin() < 1.5


def test_it_fails_after_its_timeout(monkeypatch):
    begin()
    monkeypatch.setitem(connections["shard0"].settings_dict["OPTIONS"], "timeout", 0.2)
    with locked(1), pytest.raises(OperationalError, match="locked"):
        begin()
    assert busy_timeout() == 200
    assert begin() < 0.2


def test_it_lets_a_write_outside_of_a_transaction_come_between_others():
    with crowd(4):
        for _ in range(15):
            Outbox.objects.using("shard0").filter(attempts=1000).update(attempts=0)


def test_it_keeps_the_timeout_of_other_statements():
    begin()
    timeout = connections["shard0"].settings_dict["OPTIONS"]["timeout"]
    assert busy_timeout() == timeout * 1000
    with locked(0.3), connections["shard0"].cursor() as cursor:
        cursor.execute("DELETE FROM timeline_api_outbox")


def test_it_stays_installed_when_a_block_of_wrappers_ends():
    connection = connections["shard0"]

    def other(execute, *arguments):
        return execute(*arguments)

    connection.close()
    with connection.execute_wrapper(other):
        begin()  # connects
    assert other not in connection.execute_wrappers
    with locked(0.2):
        assert begin() > 0.05
