"""Two at once: one stops in the middle of its transaction until the other is as far as it can get.

SQLite has one writer at a time, so there the other waits; PostgreSQL lets it go on beside.
"""

import threading
from contextlib import ExitStack

from django.db import connections

# How long the other may take, when it is not kept waiting.
SECONDS = 0.5


def interleaved(first, after, second):
    """Do `first`; when it has made a statement that begins as `after`, do `second` in another
    thread; gives what each raised."""
    goes_on, done = threading.Event(), threading.Event()
    raised = {}

    def pause(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.strip().startswith(after) and not goes_on.is_set():
            goes_on.set()
            done.wait(SECONDS)
        return answer

    def run(act, name, *wrappers):
        try:
            with ExitStack() as stack:
                for wrapper in wrappers:
                    for alias in connections:
                        stack.enter_context(connections[alias].execute_wrapper(wrapper))
                act()
        except Exception as error:
            raised[name] = error
        finally:
            connections.close_all()

    def other():
        assert goes_on.wait(20)
        run(second, "second")
        done.set()

    threads = [
        threading.Thread(target=run, args=(first, "first", pause)),
        threading.Thread(target=other),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert goes_on.is_set(), f"the first made no {after}"
    return raised.get("first"), raised.get("second")
