"""What is of one database alone is collected on that one."""

from django.db import connection

if connection.vendor == "postgresql":
    collect_ignore = ["durability", "http/test_lost_file.py"]  # files and power cuts
else:
    collect_ignore = ["postgresql"]
