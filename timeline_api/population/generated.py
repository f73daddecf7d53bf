"""Generated populations, for `populate`: of a chosen size, or the people of an edge list."""

from datetime import datetime
from random import Random

from . import follow_graph, profiles, texts
from .demo import NO_PASSWORD
from .population import Population

DAYS = 30


def build(
    *,
    seed: int,
    ends_at: datetime,
    accounts: int = 0,
    messages: int = 0,
    follows: int = 0,
    edges: tuple[list[str], list[tuple[str, str]]] | None = None,
) -> Population:
    """Return a population of invented people, or of the people and friendships of `edges`.

    The same arguments give the same rows. Raise ValueError if there cannot be so many follows, or
    if there are messages and no accounts.
    """
    random = Random(seed)  # noqa: S311 makes up texts
    if edges is None:
        # The seed is in the names, so that populations of two seeds can be loaded side by side.
        names = [f"{name[:20]}_s{seed}" for name in profiles.usernames(random, accounts, set())]
        pairs = follow_graph.invent(random, names, follows)
    else:
        named = {person: f"s{seed}_{person}" for person in edges[0]}
        names = list(named.values())
        pairs = [(named[a], named[b]) for a, b in follow_graph.both_ways(edges[1])]
    if messages and not names:
        raise ValueError("messages need accounts to write them")
    population = Population(ends_at)
    _add_accounts(random, population, names)
    for follower, followee in pairs:
        population.add_follow(follower, followee, days_ago=random.random() * DAYS)
    for at in sorted(population.moment(random, DAYS) for _ in range(messages)):
        population.add_message(random.choice(names), texts.ordinary(random), at)
    return population


def _add_accounts(random: Random, population: Population, names: list[str]) -> None:
    for name in names:
        shown, _, bio = profiles.profile(random, name)
        population.add_account(
            name,
            NO_PASSWORD,
            joined_days_ago=DAYS + random.random() * 300,
            display_name=shown[:50],
            bio=bio,
        )
