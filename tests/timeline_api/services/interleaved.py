"""Two operations at once: the first pauses in its transaction until the second can go no further.

On SQLite, which has one writer at a time, the second waits; on PostgreSQL it may go on.
"""

import threading
from contextlib import ExitStack

from django.db import connections

# How long the second may take, if it need not wait.
SECONDS = 0.5


def interleaved(first, after, second):
    """Call `first`; after its first statement that starts with `after`, call `second` in another
    thread. Return the exceptions that they raised, or None."""
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
