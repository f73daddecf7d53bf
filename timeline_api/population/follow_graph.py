"""The follow graph: who follows whom, invented or read from an edge list."""

from collections.abc import Iterable
from random import Random


class BadEdge(ValueError):
    """A line of an edge list that is not `A B`."""

    def __init__(self, number: int, line: str) -> None:
        super().__init__(f"line {number}: {line.strip()[:60]!r} is not two names or numbers")


def read_edges(lines: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the people of an edge list, in the order of their appearance, and their friendships.

    Each line is `A B`. Empty lines, lines that begin with # or %, loops, and repetitions in either
    direction are skipped. Raise BadEdge for any other line.
    """
    people: dict[str, None] = {}
    friendships: dict[tuple[str, str], None] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text[0] in "#%":
            continue
        ends = text.split()
        if len(ends) != 2 or not all(end.isalnum() and end.isascii() for end in ends):
            raise BadEdge(number, line)
        people.setdefault(ends[0])
        people.setdefault(ends[1])
        if ends[0] != ends[1]:
            friendships.setdefault((min(ends), max(ends)))
    return list(people), list(friendships)


def both_ways(friendships: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return each undirected friendship as two follows."""
    return [pair for a, b in friendships for pair in ((a, b), (b, a))]


def invent(random: Random, people: list[str], number: int) -> list[tuple[str, str]]:
    """Return `number` different follows; a few people have many followers, most have some.

    Raise ValueError if there cannot be so many.
    """
    size = len(people)
    if number > size * (size - 1):
        raise ValueError(f"{size} accounts can follow each other {size * (size - 1)} times at most")
    found: dict[tuple[str, str], None] = {}
    tries = 0
    while len(found) < number and tries < number * 20:
        tries += 1
        follower = people[random.randrange(size)]
        # A square of a uniform number leans to the front of the list: the popular ones.
        followee = people[int(size * random.random() ** 2)]
        if follower != followee:
            found.setdefault((follower, followee))
    if len(found) < number:
        # The graph is so dense that random tries find no more: take the rest in order.
        rest = ((a, b) for a in people for b in people if a != b and (a, b) not in found)
        while len(found) < number:
            found.setdefault(next(rest))
    return list(found)
