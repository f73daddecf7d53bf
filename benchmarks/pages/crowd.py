"""The crowd that fills every site alike: who is there, who follows whom, who writes what.

Plain numbers and texts without Django, the same for the same size. An account is its number:

- members sign in, read and post; each follows 50 and is followed by 50, the next member among them;
- pens write so that homes change: in waves, of which each member follows one pen;
- few and many sign in too, and follow 10 and 1,000;
- everybody else follows 50 and is followed by about 50.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

MEMBERS = 64
WAVES = 8
PENS_A_WAVE = 8
PENS = WAVES * PENS_A_WAVE
READERS = 16  # of each kind: few and many
NAMED = MEMBERS + PENS + 2 * READERS

FOLLOWEES = 50
FEW, MANY = 10, 1_000
# A page of a member or a pen has 30 messages, whatever the size.
OF_EACH_WRITER = 32
DAY = 24 * 60 * 60 * 1000
DAYS = 30

PASSWORD = "two herons and a lamp"
WORDS = (
    "garden river lamp bridge winter heron market kettle window letter station orchard paper "
    "morning harbour bicycle soup piano thunder meadow ticket blanket engine candle library "
    "the a of and with after before under over again slowly nearly always never perhaps we they "
    "found lost mended painted carried counted forgot remembered borrowed planted opened closed"
).split()
COMMON = WORDS[:10]  # each is in a sixth of all messages
TAGS = [f"#{word}" for word in WORDS[10:25]]


@dataclass(frozen=True)
class Post:
    """A message: its author's number, its text, and when: a Unix time in milliseconds."""

    author: int
    text: str
    at: int


@dataclass(frozen=True)
class Crowd:
    """`accounts` people who have written `messages` in the 30 days before `ends_at` (ms)."""

    accounts: int
    messages: int
    ends_at: int

    def __post_init__(self) -> None:
        least = OF_EACH_WRITER * (MEMBERS + PENS)
        if self.accounts < NAMED + 2 * FOLLOWEES or self.messages < least:
            raise SystemExit(
                f"{self.accounts} accounts and {self.messages} messages are too few: take at least "
                f"{NAMED + 2 * FOLLOWEES} and {least}."
            )

    @cached_property
    def names(self) -> list[str]:
        """The username of each account, by its number."""
        return [*members(), *pens(), *few(), *many()] + [
            f"person{number}" for number in range(NAMED, self.accounts)
        ]

    def follows(self) -> Iterator[tuple[int, int]]:
        """(follower, followee) of each follow, no pair twice."""
        others = range(NAMED, self.accounts)
        random = Random(1)
        steps = random.sample(range(1, len(others)), FOLLOWEES)
        for place, person in enumerate(others):
            for step in steps:
                yield person, others[(place + step) % len(others)]
        for reader in range(NAMED):
            yield from ((reader, followee) for followee in self._followees(reader, random))
        for writer in range(MEMBERS + PENS):
            fans = FOLLOWEES - (1 if writer < MEMBERS else 12)  # pens: 8 members, 2 few, 2 many
            yield from ((fan, writer) for fan in random.sample(others, fans))

    def _followees(self, reader: int, random: Random) -> list[int]:
        if MEMBERS <= reader < MEMBERS + PENS:
            return []
        chosen = [pen_of(reader, wave) for wave in range(WAVES)]
        if reader < MEMBERS:
            chosen.append((reader - 1) % MEMBERS)
        wanted = FOLLOWEES
        if reader >= MEMBERS + PENS:
            wanted = FEW if reader < MEMBERS + PENS + READERS else MANY
        others = range(NAMED, self.accounts)
        return chosen + random.sample(others, min(wanted - len(chosen), len(others)))

    def posts(self) -> Iterator[Post]:
        """Every message, the oldest first."""
        random = Random(2)
        writers = [number for number in range(MEMBERS + PENS) for _ in range(OF_EACH_WRITER)]
        rest = [*range(MEMBERS), *range(NAMED, self.accounts)]
        authors = writers + random.choices(rest, k=self.messages - len(writers))
        random.shuffle(authors)
        sentences = [sentence(random) for _ in range(4_000)]
        step = DAYS * DAY / len(authors)
        began = self.ends_at - DAYS * DAY
        for number, author in enumerate(authors):
            text = f"{random.choice(sentences)} {number}"
            yield Post(author, text, began + int(number * step))


def sentence(random: Random) -> str:
    """Eight to fourteen words, one of the common ones among them, and sometimes a tag."""
    words = random.choices(WORDS, k=random.randint(7, 13))
    words.insert(random.randrange(len(words)), random.choice(COMMON))
    if random.random() < 0.1:
        words.append(random.choice(TAGS))
    return " ".join(words).capitalize()


def pen_of(reader: int, wave: int) -> int:
    """The one pen of a wave that a reader follows."""
    return MEMBERS + wave * PENS_A_WAVE + (reader + wave) % PENS_A_WAVE


def pens_of(wave: int) -> list[int]:
    """The pens that write in a wave."""
    first = MEMBERS + wave * PENS_A_WAVE
    return list(range(first, first + PENS_A_WAVE))


def members() -> list[str]:
    return [f"member{number:02}" for number in range(MEMBERS)]


def pens() -> list[str]:
    return [f"pen{number:02}" for number in range(PENS)]


def few() -> list[str]:
    """Who follows 10."""
    return [f"few{number:02}" for number in range(READERS)]


def many() -> list[str]:
    """Who follows 1,000, or as many as there are."""
    return [f"many{number:02}" for number in range(READERS)]
