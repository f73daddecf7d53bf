"""Signals: sent once for each operation of a ShardedQuerySet, after its shards are found and before
its SQL runs. A queryset that is pinned with `using()` sends none.

The sender is the model. Arguments: `shards`, the aliases; `reason`, the columns that named them, or
"scatter()"; `operation`, such as "select", "count" or "update". If a receiver raises, the query
does not run.
"""

from django.dispatch import Signal

#: One shard is queried.
query_routed = Signal()
#: Several shards are queried.
query_scattered = Signal()
