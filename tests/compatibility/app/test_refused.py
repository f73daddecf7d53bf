"""Models of packages that cannot be sharded, and the checks that say so."""

import pytest
from django.db import models
from django.test.utils import isolate_apps
from polymorphic.models import PolymorphicModel
from treebeard.mp_tree import MP_Node
from treebeard.ns_tree import NS_Node

from shardrouter.checks import model_messages
from shardrouter.models import ShardedModel
from tests.notes.notebook.models import Account

pytestmark = pytest.mark.django_db(databases="__all__")


def ids(model):
    return {message.id for message in model_messages(model)}


@isolate_apps("tests.compatibility.app")
def test_trees_of_paths_are_refused_since_a_path_is_unique_over_all_rows():
    class Folder(ShardedModel, MP_Node):
        account = models.ForeignKey(Account, models.CASCADE)

        class Shard:
            key = "account"

    assert ids(Folder) == {"shardrouter.E010"}


@isolate_apps("tests.compatibility.app")
@pytest.mark.parametrize("base", [NS_Node, PolymorphicModel])
def test_managers_of_a_package_that_comes_first_are_refused(base):
    class Kept(base, ShardedModel):
        account = models.ForeignKey(Account, models.CASCADE)

        class Shard:
            key = "account"

    assert ids(Kept) == {"shardrouter.E008"}
