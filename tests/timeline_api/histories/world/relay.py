"""What happens to the relay: it runs, repeats, reorders, dies, or has all the mirrors to write."""

from django.conf import settings
from django.db import OperationalError

from shardrouter import shards
from tests.timeline_api.lost import lost
from timeline_api.models import Outbox
from timeline_api.ops import faults
from timeline_api.relay import batches
from timeline_api.relay.handlers import handle
from timeline_api.relay.worker import Worker
from timeline_api.services import outbox

from .state import State


class Crash(BaseException):
    """Kills a relay: a BaseException, so that the relay does not catch it."""


class RelayActions(State):
    """Actions take numbers, as those of members do."""

    def __init__(self):
        super().__init__()
        self.handled = []

    def relay(self, number, order):
        """Handle some events: in order (0), backwards (1), or backwards and kept in the outbox."""
        events = list(Outbox.objects.scatter().order_by("id" if order == 0 else "-id")[:number])
        for event in events:
            finished = handle(event)
            self.handled.append(event)
            if finished and order != 2:
                Outbox.objects.filter(pk=event.pk).delete()

    def batch(self, size, order):
        """Deliver some posts of all shards together: in order (0), backwards (1), or backwards and
        kept in the outbox."""
        events = Outbox.objects.scatter().order_by("id" if order == 0 else "-id")
        outcome = batches.deliver([e for e in events if batches.is_for_batch(e)][: size + 1])
        self.handled += outcome.finished
        if order != 2:
            for event in outcome.finished:
                Outbox.objects.filter(pk=event.pk).delete()

    def limit_batch(self, size, _):
        """From now on the relay takes so many events of a shard at a time."""
        settings.TIMELINES["RELAY_BATCH"] = size + 1

    def lost(self, number, _):
        """Run a relay while a shard is down."""
        with lost(shards()[number]):
            Worker().run_once(early=True)

    def unfollow_meanwhile(self, number, choice):
        """One unfollows another while the relay delivers."""
        if followees := sorted(self.followees_of(number)):
            other = followees[choice % len(followees)]
            self._meanwhile(lambda: self.perform("unfollow", number, other))

    def delete_meanwhile(self, number, choice):
        """One deletes a message, and another relay handles that, while the relay delivers."""

        def delete():
            self.perform("delete", number, choice)
            for event in Outbox.objects.scatter().filter(kind=outbox.MESSAGE_DELETED):
                if handle(event):
                    event.delete()

        self._meanwhile(delete)

    def _meanwhile(self, act):
        """Run a relay, and do something else when it is about to write to a first shard."""
        passed = False

        def at(name):
            nonlocal passed
            if name == "fanout.before_a_shard" and not passed:
                passed = True
                self.late(self.is_late, None)
                act()

        faults.install(at)
        Worker().run_once(early=True)
        self.late(self.is_late, None)

    def crash(self, point, after, rounds=1):
        """Run a relay that dies when it has passed `point` more than `after` times. Return whether
        it died within `rounds`."""
        passed = 0

        def die(name):
            nonlocal passed
            passed += name == point
            if passed > after:
                raise Crash

        faults.install(die)
        try:
            for _ in range(rounds):
                Worker().run_once(early=True)
        except Crash:
            return True
        finally:
            self.late(self.is_late, None)
        return False

    def late(self, is_late, _):
        """From now on requests leave their mirrors to the relay, or write them at once."""
        self.is_late = bool(is_late)
        self.was_late |= self.is_late

        def fail(name):
            if name == faults.REQUEST_BEFORE_MIRROR:
                raise OperationalError("not now")

        faults.install(fail if self.is_late else None)

    def limit(self, followers, _):
        """From now on authors with more followers are celebrities."""
        settings.TIMELINES["FANOUT_MAX_FOLLOWERS"] = followers

    def drain(self):
        """Handle every event that was handled before once more, late and out of order, which must
        change nothing. Then run the relay until it is idle."""
        for event in reversed(self.handled):
            event.cursor = 0
            while not handle(event):
                pass
        assert Worker().drain() == 0
