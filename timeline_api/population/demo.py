"""The village: the population of fixtures/population.json, the same at every making."""

from datetime import UTC, datetime
from random import Random

from . import avatars, follow_graph, profiles, texts
from .rows import Population

SEED = 2026
ENDS_AT = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
ACCOUNTS, MESSAGES, FOLLOWS = 216, 3100, 2100
# How many of the newest messages are liked.
REACTIONS_TO = 600
NO_PASSWORD = "!"  # noqa: S105 matches no password


def build(demo_password: str) -> Population:
    """The whole population; the demo accounts have the encoded `demo_password`."""
    random = Random(SEED)  # noqa: S311 makes up texts
    village = Population(ENDS_AT)
    themes: dict[str, str] = {}
    special = {**profiles.DEMO, **profiles.ODD}
    names = [*special, *profiles.handles(random, ACCOUNTS - len(special), set(special))]
    for name in names:
        shown, theme, bio = special.get(name) or profiles.profile(random, name)
        themes[name] = theme
        village.add_account(
            name,
            demo_password if name in profiles.DEMO else NO_PASSWORD,
            joined_days_ago=40 + random.random() * 300,
            display_name=shown[:50],
            bio=bio[:500],
        )
    _follow(random, village, names)
    _write(random, village, names, themes)
    _react(random, village, names)
    # Drawn by lots of their own, so that what is above stays what it was.
    _settle_in(Random(SEED + 1), village, names)  # noqa: S311
    return village


def _follow(random: Random, village: Population, names: list[str]) -> None:
    social = [name for name in names if name != "quiet"]
    random.shuffle(social)
    # The demo members are liked, so that their profiles have something to show.
    social.sort(key=lambda name: name not in profiles.DEMO)
    pairs = dict.fromkeys((a, b) for a in profiles.DEMO for b in profiles.DEMO if a != b)
    pairs |= dict.fromkeys(follow_graph.invent(random, social, FOLLOWS - len(pairs)))
    for follower, followee in pairs:
        village.add_follow(follower, followee, days_ago=1 + random.random() * 38)


def _write(random: Random, village: Population, names: list[str], themes: dict[str, str]) -> None:
    authors = [name for name in names if name != "quiet"]
    moments = sorted(village.moment(random, days=32) for _ in range(MESSAGES))
    said: set[str] = set()
    usernames = {account.pk: name for name, account in village.accounts.items()}
    for number, at in enumerate(moments):
        author = authors[int(len(authors) * random.random())]
        parent = None
        if number % 311 == 7:
            text = texts.ODD[number // 311 % len(texts.ODD)][:280]
        elif village.messages and random.random() < 0.25:
            # What is new gets the replies, so that there are conversations.
            parent = random.choice(village.messages[-12:])
            text = texts.reply(random, usernames[parent.author_id])
        else:
            text = _new_text(random, author, themes, said)
        said.add(text)
        village.add_message(author, text, at, parent)


def _react(random: Random, village: Population, names: list[str]) -> None:
    """Likes and reposts: few of most messages, many of some; what is new is seen by more."""
    people_awake = [name for name in names if name != "quiet"]
    newest = village.messages[-REACTIONS_TO:]
    for place, message in enumerate(newest):
        seen_by = random.sample(people_awake, min(40, int(random.paretovariate(1.1))))
        at = int(message.created_at.timestamp() * 1000)
        room = max(1, int(village.ends_at.timestamp() * 1000) - at - 1)
        for name in seen_by:
            if village.accounts[name].pk == message.author_id:
                continue
            later = at + min(room, 1 + int(random.expovariate(1 / (3 * 60 * 60 * 1000))))
            village.add_like(name, message, later)
            if place % 3 == 0 and random.random() < 0.15:
                village.add_repost(name, message, later)


def _settle_in(random: Random, village: Population, names: list[str]) -> None:
    """What people do after a while: pictures, pinned and mended messages, gaps, and trouble."""
    ordinary = [name for name in names if name not in profiles.DEMO | profiles.ODD]
    for name in [*profiles.WITH_PICTURES, *ordinary[::4]]:
        picture = avatars.portrait(Random(name))  # noqa: S311 draws
        village.add_avatar(name, picture, days_ago=1 + random.random() * 30)
    for name in profiles.PINNING:
        # Not of what is on top anyway.
        pinned = max(village.of(name)[:-4], key=lambda message: message.like_count)
        village.accounts[name].pinned_id = pinned.pk
    for name in (*profiles.DEMO, *ordinary[::9]):
        for message in village.of(name)[-5::4]:
            at = int(message.created_at.timestamp() * 1000) + random.randrange(60_000, 900_000)
            if at < village.ends_at.timestamp() * 1000:
                village.edit(message, texts.typo(random, message.text), at)
    pinned = {account.pinned_id for account in village.accounts.values()}
    answered = [m for m in village.messages if m.reply_count > 1 and m.pk not in pinned]
    for message in (answered[-3], next(m for m in reversed(answered[:-3]) if m.parent_id)):
        village.delete(message)
    _cause_trouble(random, village)


def _cause_trouble(random: Random, village: Population) -> None:
    """Two members whom nobody wants, and what is done about them: one waits for the operators."""
    for name, (shown, bio, said) in profiles.UNWANTED.items():
        village.add_account(name, NO_PASSWORD, joined_days_ago=9, display_name=shown, bio=bio)
        for number, text in enumerate(said):
            hours = (len(said) - number) * 31
            village.add_message(name, text, int((ENDS_AT.timestamp() - hours * 3600) * 1000))
    spam, prizes = village.of("cheap_watches"), village.of("lucky_prizes")
    village.add_report("alice", spam[-1], "It sells watches, to everybody, every day", 0.9)
    village.add_report("bob", spam[-1], "Spam", 0.8)
    village.add_report("charlie", spam[0], "Not a word about gardens", 1.5)
    village.add_report("dana", prizes[-1], "There is no prize", 2, outcome="author suspended")
    village.accounts["lucky_prizes"].is_suspended = True
    village.add_block("alice", "cheap_watches", days_ago=0.9)
    follows = {(follow.follower_id, follow.followee_id) for follow in village.follows}
    dana = village.accounts["dana"].pk
    strangers = [name for name in profiles.ODD if (dana, village.accounts[name].pk) not in follows]
    village.add_mute("dana", random.choice(strangers), days_ago=3)


def _new_text(random: Random, author: str, themes: dict[str, str], said: set[str]) -> str:
    while True:
        chance = random.random()
        if chance < 0.10 or author.endswith(("_rtl", "_jp")):
            text = texts.fill(random, random.choice(texts.FOREIGN))
        else:
            text = texts.ordinary(random, themes[author] if chance < 0.70 else None)
        # Nobody wants to read the same sentence twice; what is short of slots says it once more.
        if text not in said or random.random() < 0.03:
            return text
