"""What runs on PostgreSQL alone."""

import os

collect_ignore = [] if "PGHOST" in os.environ else ["test_two_kinds.py", "test_uuids.py"]
