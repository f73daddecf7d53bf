"""A crowd in which everybody has the same number of followers, written into the databases."""

import random
from datetime import UTC, datetime

from timeline_api.models import Account
from timeline_api.population.loading import write
from timeline_api.population.population import Population


def make_crowd(members: int, followers: int) -> list[Account]:
    """Write `members` accounts, each followed by `followers` others at random. Return them."""
    crowd, chance = Population(datetime.now(UTC)), random.Random(1)
    for number in range(members):
        crowd.add_account(f"member{number}", "!", 100)
    for number in range(members):
        for fan in chance.sample([n for n in range(members) if n != number], followers):
            crowd.add_follow(f"member{fan}", f"member{number}", 1)
    write(crowd, lambda rows: None)
    return list(crowd.accounts.values())
