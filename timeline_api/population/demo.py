"""The demo population, of fixtures/population.json; the same each time it is built."""

from datetime import UTC, datetime
from random import Random

from . import avatars, follow_graph, profiles, texts
from .population import Population

SEED = 2026
ENDS_AT = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
ACCOUNTS, MESSAGES, FOLLOWS = 216, 3100, 2100
# How many of the newest messages get likes and reposts.
REACTIONS_TO = 600
NO_PASSWORD = "!"  # noqa: S105 matches no password


def build(demo_password: str) -> Population:
    """Return the demo population; the demo accounts have the encoded `demo_password`."""
    random = Random(SEED)  # noqa: S311 makes up texts
    population = Population(ENDS_AT)
    themes: dict[str, str] = {}
    special = {**profiles.DEMO, **profiles.ODD}
    names = [*special, *profiles.usernames(random, ACCOUNTS - len(special), set(special))]
    for name in names:
        shown, theme, bio = special.get(name) or profiles.profile(random, name)
        themes[name] = theme
        population.add_account(
            name,
            demo_password if name in profiles.DEMO else NO_PASSWORD,
            joined_days_ago=40 + random.random() * 300,
            display_name=shown[:50],
            bio=bio[:500],
        )
    _add_follows(random, population, names)
    _add_messages(random, population, names, themes)
    _add_reactions(random, population, names)
    # With random numbers of their own, so that they change nothing above.
    random = Random(SEED + 1)  # noqa: S311
    ordinary = [name for name in names if name not in profiles.DEMO | profiles.ODD]
    _add_avatars(random, population, ordinary)
    _add_pins_and_edits(random, population, ordinary)
    _delete_some_with_replies(population)
    _add_spammers(population)
    _add_mute(random, population)
    return population


def _add_follows(random: Random, population: Population, names: list[str]) -> None:
    social = [name for name in names if name != "quiet"]
    random.shuffle(social)
    # The demo members come first and so have most followers: their profiles should show some.
    social.sort(key=lambda name: name not in profiles.DEMO)
    pairs = dict.fromkeys((a, b) for a in profiles.DEMO for b in profiles.DEMO if a != b)
    pairs |= dict.fromkeys(follow_graph.invent(random, social, FOLLOWS - len(pairs)))
    for follower, followee in pairs:
        population.add_follow(follower, followee, days_ago=1 + random.random() * 38)


def _add_messages(
    random: Random, population: Population, names: list[str], themes: dict[str, str]
) -> None:
    authors = [name for name in names if name != "quiet"]
    moments = sorted(population.moment(random, days=32) for _ in range(MESSAGES))
    said: set[str] = set()
    usernames = {account.pk: name for name, account in population.accounts.items()}
    for number, at in enumerate(moments):
        author = authors[int(len(authors) * random.random())]
        parent = None
        if number % 311 == 7:
            text = texts.ODD[number // 311 % len(texts.ODD)][:280]
        elif population.messages and random.random() < 0.25:
            # To new messages, so that there are conversations.
            parent = random.choice(population.messages[-12:])
            text = texts.reply(random, usernames[parent.author_id])
        else:
            text = _new_text(random, author, themes, said)
        said.add(text)
        population.add_message(author, text, at, parent)


def _add_reactions(random: Random, population: Population, names: list[str]) -> None:
    """Add likes and reposts of the newest messages: few of most, many of some."""
    readers = [name for name in names if name != "quiet"]
    newest = population.messages[-REACTIONS_TO:]
    for place, message in enumerate(newest):
        seen_by = random.sample(readers, min(40, int(random.paretovariate(1.1))))
        at = int(message.created_at.timestamp() * 1000)
        room = max(1, int(population.ends_at.timestamp() * 1000) - at - 1)
        for name in seen_by:
            if population.accounts[name].pk == message.author_id:
                continue
            later = at + min(room, 1 + int(random.expovariate(1 / (3 * 60 * 60 * 1000))))
            population.add_like(name, message, later)
            if place % 3 == 0 and random.random() < 0.15:
                population.add_repost(name, message, later)


def _add_avatars(random: Random, population: Population, ordinary: list[str]) -> None:
    for name in [*profiles.WITH_PICTURES, *ordinary[::4]]:
        picture = avatars.landscape(Random(name))  # noqa: S311 draws
        population.add_avatar(name, picture, days_ago=1 + random.random() * 30)


def _add_pins_and_edits(random: Random, population: Population, ordinary: list[str]) -> None:
    for name in profiles.PINNING:
        # Not one of the newest, which are at the top of the profile anyway.
        pinned = max(population.written_by(name)[:-4], key=lambda message: message.like_count)
        population.accounts[name].pinned_id = pinned.pk
    for name in (*profiles.DEMO, *ordinary[::9]):
        for message in population.written_by(name)[-5::4]:
            at = int(message.created_at.timestamp() * 1000) + random.randrange(60_000, 900_000)
            if at < population.ends_at.timestamp() * 1000:
                population.edit(message, texts.typo(random, message.text), at)


def _delete_some_with_replies(population: Population) -> None:
    """Delete two messages that have replies and are not pinned, the second a reply itself."""
    pinned_ids = {account.pinned_id for account in population.accounts.values()}
    answered = [m for m in population.messages if m.reply_count > 1 and m.pk not in pinned_ids]
    for message in (answered[-3], next(m for m in reversed(answered[:-3]) if m.parent_id)):
        population.delete(message)


def _add_spammers(population: Population) -> None:
    """Add two spammers: one is reported and blocked, the other suspended already."""
    for name, (shown, bio, written) in profiles.SPAMMERS.items():
        population.add_account(name, NO_PASSWORD, joined_days_ago=9, display_name=shown, bio=bio)
        for number, text in enumerate(written):
            hours = (len(written) - number) * 31
            population.add_message(name, text, int((ENDS_AT.timestamp() - hours * 3600) * 1000))
    spam, prizes = population.written_by("cheap_watches"), population.written_by("lucky_prizes")
    population.add_report("alice", spam[-1], "It sells watches, to everybody, every day", 0.9)
    population.add_report("bob", spam[-1], "Spam", 0.8)
    population.add_report("charlie", spam[0], "Not a word about gardens", 1.5)
    population.add_report("dana", prizes[-1], "There is no prize", 2, outcome="author suspended")
    population.accounts["lucky_prizes"].is_suspended = True
    population.add_block("alice", "cheap_watches", days_ago=0.9)


def _add_mute(random: Random, population: Population) -> None:
    follows = {(follow.follower_id, follow.followee_id) for follow in population.follows}
    dana = population.accounts["dana"].pk
    strangers = [
        name for name in profiles.ODD if (dana, population.accounts[name].pk) not in follows
    ]
    population.add_mute("dana", random.choice(strangers), days_ago=3)


def _new_text(random: Random, author: str, themes: dict[str, str], said: set[str]) -> str:
    while True:
        chance = random.random()
        if chance < 0.10 or author.endswith(("_rtl", "_jp")):
            text = texts.fill(random, random.choice(texts.FOREIGN))
        else:
            text = texts.ordinary(random, themes[author] if chance < 0.70 else None)
        # The same sentence twice is dull, but sentences with few slots may repeat now and then.
        if text not in said or random.random() < 0.03:
            return text
