"""Signals: sent once for each operation of a ShardedQuerySet, after it found its shards and before
its SQL. What is pinned by hand with `using()` sends none.

Sender is the model. Arguments: `shards`, the aliases; `reason`, the columns that said so, or
"scatter()"; `operation`, such as "select", "count" or "update". A receiver that raises stops the
query.
"""

from django.dispatch import Signal

#: One shard is asked.
query_routed = Signal()
#: Several shards are asked.
query_scattered = Signal()
