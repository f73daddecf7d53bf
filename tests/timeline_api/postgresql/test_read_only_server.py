"""A server that is read-only for a while, as a standby is until it is promoted."""

import pytest
from django.core.signals import request_started
from django.db import DatabaseError, connections

from timeline_api.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def write():
    Outbox.objects.using("shard0").filter(attempts=1000).update(attempts=0)


def set_read_only(to):
    name = connections["shard1"].ops.quote_name(connections["shard0"].settings_dict["NAME"])
    with connections["shard1"].cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {to}")


def test_it_writes_again_as_soon_as_the_server_can():
    connections["shard0"].close()
    set_read_only("on")
    try:
        with pytest.raises(DatabaseError, match="read-only"):
            write()
    finally:
        set_read_only("off")
    request_started.send(sender=None)
    write()
