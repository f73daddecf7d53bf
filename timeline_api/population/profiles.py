"""Profiles: invented usernames, display names and bios. They refer to no real people."""

from random import Random

FIRST = (
    "ada aino alma anouk arlo beni bo carmen ciro dag dilan edda elif emil enzo esme fenna finn "
    "gita greta hana henk ida ilse imre ines ivo jara joao jonas juno kaya kira lars leda lina "
    "lotte luca mads maia malik marit mei milo mina nadia nils noor nuno odile olga otto pia "
    "quinn rafi remy rosa runa samir sefa sina sol suri tamar theo tiago tove uma vera vito wim "
    "yara yuki zeno zora"
).split()
LAST = (
    "acorn alder barley beacon birch bramble brook cedar clover copper cove ember fern flint gale "
    "harbor hazel heron holm juniper kestrel lark ledge linden maple marsh meadow moor moss north "
    "otter pebble quarry quill reed ridge river rowan sage slate sorrel thistle tide vale willow"
).split()
BIOS = {
    "cooking": "Mostly soup. Sometimes bread.",
    "trains": "Window seat, always. Night trains if there are any.",
    "garden": "Allotment 14b. The slugs are winning.",
    "code": "I make computers do less. Opinions are my linter's.",
    "running": "Slow runner, fast eater.",
    "books": "Reads on trains, at red lights and instead of sleeping.",
    "music": "Plays the viola where nobody can hear it.",
    "weather": "Barometer enthusiast.",
    "small": "Collects small things that happen.",
}
# The demo accounts. Username → (display name, theme, bio).
DEMO = {
    "alice": ("Alice", "code", "Backend person. Looks after shards and a sourdough."),
    "bob": ("Bob", "trains", "Seen on platform 4, usually with a book."),
    "charlie": ("Charlie 🌱", "garden", "Courgettes. So many courgettes."),
    "dana": ("Dana", "small", "I write down what made me smile."),
}
ODD = {
    "x": ("", "small", ""),
    "a_very_long_name_of_30_letters": (
        "Somebody whose display name is as long as it gets",
        "books",
        "Thirty characters in the handle, fifty in the name. " * 9,
    ),
    "noor_rtl": ("نور", "music", "أكتب من اليمين إلى اليسار، وأحب الموسيقى."),
    "yael_rtl": ("יעל", "running", "רצה לאט, אוכלת מהר."),
    "haru_jp": ("春", "cooking", "今日も味噌汁。"),
    "markup": ("<b>Markup</b>", "code", "<script>alert(1)</script> & friends"),
    "emoji_only": ("🦊🌲✨", "weather", "🌦️🌧️⛈️🌩️🌨️"),
    "CamelCase": ("Camel Case", "code", "Compared without case, shown as typed."),
    "_underscore_": ("_", "small", "Begins and ends with what most people leave out."),
    "quiet": ("Quiet", "small", "Reads everything, writes nothing, follows nobody."),
}

# They have uploaded a picture, as some others have; alice and dana have the drawn one.
WITH_PICTURES = ("bob", "charlie", "noor_rtl", "haru_jp")
PINNING = ("alice", "charlie", "noor_rtl")
# Spammers, whom nobody follows. Username → (display name, bio, messages).
SPAMMERS = {
    "cheap_watches": (
        "Cheap Watches ⌚⌚⌚",
        "Best price!!! Best price!!!",
        (
            "WATCHES almost for nothing, only today https://watches.example.com/a",
            "WATCHES almost for nothing, only today https://watches.example.com/b",
            "Still only today: WATCHES https://watches.example.com/c",
        ),
    ),
    "lucky_prizes": (
        "You Have Won",
        "",
        (
            "You have won! Send your password to claim the prize",
            "Last call: your prize waits, send your password",
        ),
    ),
}


def usernames(random: Random, number: int, taken: set[str]) -> list[str]:
    """Return `number` usernames that are not in `taken`, in any case."""
    found: list[str] = []
    taken = {name.casefold() for name in taken}
    while len(found) < number:
        form = random.choice(["{0}_{1}", "{0}{1}", "{0}_{2}", "the_{1}_{0}", "{0}{2}", "{1}_{0}"])
        # Names without a number run out: then the numbers grow.
        digits = random.randrange(10, 100 + len(found) * 4)
        name = form.format(random.choice(FIRST), random.choice(LAST), digits)[:30]
        if name not in taken:
            taken.add(name)
            found.append(name)
    return found


def profile(random: Random, username: str) -> tuple[str, str, str]:
    """Return a display name, a theme and a bio for a username."""
    theme = random.choice(sorted(BIOS))
    first = next((each for each in FIRST if each in username), username)
    last = next((each for each in LAST if each in username), "")
    shown = random.choice([f"{first} {last}".strip().title(), first.title(), ""])
    return shown, theme, BIOS[theme] if random.random() < 0.7 else ""
