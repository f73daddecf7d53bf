"""The home entries' way into a table that is kept in the order of its key, while members write.

Django cannot say `WITHOUT ROWID`, nor which columns the index of a primary key includes, so
`tables.py` has the SQL. `steps.py` goes from the old table to the new one, in transactions of some
milliseconds each:

1. create the new table under another name, and triggers that repeat in it each write to the old;
2. copy what was there before, a batch at a time;
3. exchange the names, in one transaction;
4. empty the old table, a batch at a time, and drop it.

How far it has come is read from the tables themselves. So if the process is killed, at any moment,
the next `migrate` goes on from there, and meanwhile the triggers keep both tables equal. Processes
of the version before may run until the names are exchanged, and no longer.

A later migration must not let Django rebuild the table on SQLite, which would make a plain one of
it; a test fails then.
"""

from .steps import backwards, forwards

__all__ = ["backwards", "forwards"]
