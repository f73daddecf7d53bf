"""Home entries as the version before had them: written and read by SQL alone."""

from timeline_api.migrations.clustering.tables import COLUMNS, TABLE

NAMES = ", ".join(COLUMNS)
INSERT_OLD = f"INSERT INTO {TABLE} (id, {NAMES}) VALUES (%s, %s, %s, %s, %s, %s)"
DELETE = f"DELETE FROM {TABLE} WHERE owner_id = %s AND message_id = %s"
SELECT = f"SELECT {NAMES} FROM {TABLE} ORDER BY owner_id, message_id"


def entry(owner_id, number):
    """The entry `number` of a home; every third is a repost."""
    original = (number + 1, owner_id + 1) if number % 3 == 0 else (None, None)
    return (owner_id, 10**17 + number, owner_id + number % 5, *original)
