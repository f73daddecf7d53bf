"""Ids and slots: plain Python, tested without a database, and imported without Django."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from shardrouter import ids
from shardrouter.slots import slot_from_text

WITHOUT_DJANGO = """
import sys
sys.modules["django"] = None  # importing it raises ImportError
from shardrouter import ids
from shardrouter.ids import made_at, slot_of
from shardrouter.slots import slot_from_text
import shardrouter
assert slot_of(ids.generator.next_id(7)) == 7
assert slot_from_text("ann") == 933
assert "shard_for" in dir(shardrouter)
assert not any(name.startswith("django.") for name in sys.modules)
try:
    shardrouter.shard_for
except ImportError:
    print("done")
"""


def test_it_needs_no_django_for_ids_and_slots():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_it_has_no_other_names_than_the_public_ones():
    import shardrouter

    assert set(shardrouter.__all__) <= set(dir(shardrouter))
    assert all(getattr(shardrouter, name) is not None for name in shardrouter.__all__)
    with pytest.raises(AttributeError, match="no attribute 'shard_fro'"):
        shardrouter.shard_fro  # noqa: B018 the access is the test


def test_it_hashes_a_text_to_the_same_slot_everywhere():
    texts = ("ann", "bob", "", "日本", "\ud800")
    assert [slot_from_text(text) for text in texts] == [933, 1170, 692, 2874, 3432]


def test_it_makes_ids_that_rise_and_carry_their_slot():
    made = [ids.generator.next_id(7) for _ in range(5000)]
    assert made == sorted(set(made))
    assert {ids.slot_of(each) for each in made} == {7}
    assert abs(ids.made_at(made[0]).timestamp() - time.time()) < 60


def test_it_never_lowers_an_id_if_the_clock_steps_back():
    now = [1_800_000_000.0]
    ticking = ids.IdGenerator(clock=lambda: now[0])
    before = [ticking.next_id(slot) for slot in (9, 4000, 5)]
    now[0] -= 3600
    after = [ticking.next_id(slot) for slot in (9, 0, 4000, 5, 5, 0)]
    assert after == sorted(after)
    assert min(after) > max(before)
    assert len(set(before + after)) == 9


def test_it_does_not_run_out_of_ids_within_a_millisecond():
    still = ids.IdGenerator(clock=lambda: 1_800_000_000.0)
    made = [still.next_id(3) for _ in range(5000)]
    assert made == sorted(set(made))


@pytest.mark.parametrize(
    "wrong", [(0, 0, 0), (2**60, 0, 0), (ids.EPOCH_MS, 4096, 0), (ids.EPOCH_MS, 0, 1024)]
)
def test_it_rejects_an_id_of_impossible_parts(wrong):
    with pytest.raises(ValueError, match="is not within"):
        ids.compose(*wrong)
