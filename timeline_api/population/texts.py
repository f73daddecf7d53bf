"""Texts of the invented members: sentences with slots, in themes, and words to fill the slots."""

from random import Random

WORDS = {
    "city": "Porto Ghent Leipzig Turin Oulu Graz Bilbao Aarhus Brno Galway Utrecht Split".split(),
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "plant": "tomatoes basil lavender courgettes sweet-peas chillies fennel kale dahlias".split(),
    "dish": [
        "lentil soup",
        "focaccia",
        "miso noodles",
        "a plum tart",
        "shakshuka",
        "dal",
        "pancakes",
        "a slow ragù",
        "kimchi",
        "rye bread",
        "mushroom risotto",
        "leek pie",
    ],
    "tool": "git tmux vim make SQLite Postgres Django nginx ssh awk".split(),
    "bug": [
        "an off-by-one",
        "a missing await",
        "a time zone",
        "a stale cache",
        "a typo in a config",
        "a race that shows up once a week",
        "two clocks that disagreed",
        "a comma",
    ],
    "music": [
        "an old soul record",
        "a string quartet",
        "the new single everybody hums",
        "dub techno",
        "a field recording of rain",
        "Cape Verdean guitar",
        "a brass band in the park",
    ],
    "book": [
        "a novel about lighthouse keepers",
        "a history of salt",
        "short stories from the north",
        "a book on bridges",
        "my grandmother's cookbook",
        "a very long space opera",
    ],
    "weather": [
        "fog down to the doorstep",
        "rain that means it",
        "the first frost",
        "a sky like slate",
        "sun, of all things",
        "wind from every side",
        "snow that did not stay",
    ],
    "animal": [
        "the neighbour's cat",
        "a heron",
        "two foxes",
        "an owl",
        "a very confident pigeon",
        "a hedgehog",
        "somebody's escaped parrot",
    ],
    "place": [
        "the canal",
        "the allotment",
        "the library",
        "platform 4",
        "the corner café",
        "the swimming pool",
        "the market",
        "the night bus",
    ],
    "number": ["three", "four", "five", "seven", "eleven", "twelve", "forty"],
    "adjective": "quiet odd lovely ridiculous perfect endless tiny golden stubborn".split(),
    "tag": "#cooking #trains #garden #code #running #books #music #smallthings #weather".split(),
    "emoji": ["🙂", "🌧️", "🚲", "🍲", "🎧", "📚", "🌱", "😅", "✨", "🚆", "🐈", "☕"],
}

THEMES = {
    "cooking": [
        "Made {dish} tonight. Forgot the salt, remembered it, salted twice. {emoji}",
        "Does anybody have a recipe for {dish} that does not begin with a life story?",
        "{dish}, take {number}. We do not speak of the first ones.",
        "The secret of {dish} is patience, and I have none. {tag}",
        "Leftover {dish} for breakfast. No regrets.",
        "Taught my nephew to make {dish}. The kitchen will recover by {day}.",
        "Somebody at work brought {dish} and now we are all friends.",
    ],
    "trains": [
        "The train to {city} is late by {number} minutes, which here counts as early. {tag}",
        "{city} station at night has a {adjective} kind of beauty. {emoji}",
        "Shared a compartment with {animal}. Did not ask.",
        "Booked the sleeper to {city} for {day}. I have packed already.",
        "An announcement in {number} languages and not one of them said why we stopped.",
        "Reading {book} between here and {city}. May miss my stop on purpose.",
    ],
    "garden": [
        "First {plant} of the year! All {number} of them. {emoji}",
        "The slugs have found the {plant}. It was a good run.",
        "{weather} at the allotment. Sat in the shed and listened. {tag}",
        "Swapped {plant} for a bag of compost and I think I won.",
        "Note to self: label the seedlings. These are not {plant}.",
        "{animal} was in the garden again and looked at me as if I were the guest.",
    ],
    "code": [
        "It was {bug}. It is always {bug}. {tag}",
        "Spent {day} in {tool} and came out a different person.",
        "Deleted {number} hundred lines today and nothing broke. Best day this month.",
        "Wrote the test first. It found {bug} that nobody had asked about.",
        "Me: I know {tool}. {tool}: do you, though?",
        "Code review is just a book club where the book is about {bug}.",
        "Today's outage was brought to you by {bug} and {number} people on a call.",
        "`{tool} --help` and a cup of tea. {emoji}",
    ],
    "running": [
        "{number} kilometres along {place} before work. {weather}. Would do again.",
        "Knees say no, shoes say yes. {emoji} {tag}",
        "Overtaken by a pram on the hill. Respect.",
        "Signed up for the half marathon in {city}. Please talk me out of it before {day}.",
    ],
    "books": [
        "Finished {book} at two in the morning. Worth every yawn. {tag}",
        "The library had {book} waiting for me. {emoji}",
        "Currently reading: {book}. Currently pretending not to: {book}, the sequel.",
        "A page a day, they said. {number} chapters later…",
        "Who else annotates? My copy of {book} looks like a crime scene.",
    ],
    "music": [
        "On repeat since {day}: {music}. {emoji}",
        "Practised for {number} minutes. The neighbours practised patience.",
        "Heard {music} through an open window near {place} and stood there far too long.",
        "What do you listen to while you work? I need something like {music}.",
    ],
    "weather": [
        "{weather} this morning. {emoji}",
        "The forecast said sun. What we have is {weather}. {tag}",
        "{weather}, and still somebody in shorts at {place}.",
        "Cycled home through {weather}. I contain multitudes, mostly water.",
    ],
    "small": [
        "Saw {animal} by {place} today and it made the whole week. {tag}",
        "The light in {city} just now: {adjective}.",
        "{number} unread messages, {number} cups of tea. In balance.",
        "Found a note in a second-hand copy of {book}: 'for the train to {city}'.",
        "Whoever left the umbrella at {place}: thank you. I will pass it on.",
        "Is it {day} already? Asking for everybody.",
        "A {adjective} day. I did nothing and would do it again.",
        "The person before me at {place} paid for my coffee. {emoji}",
        "If you need me on {day}, I am at {place}, being {adjective}.",
        "Learned the word for {weather} in {number} languages. It is never a nice word.",
        "Photos of {animal} at https://example.org/albums/{day} if you want a better evening.",
    ],
}

REPLIES = [
    "@{name} I felt that. {emoji}",
    "@{name} could you write down how? I have tried for {number} weeks.",
    "@{name} counterpoint: {dish}.",
    "@{name} see you at {place} on {day}, then!",
    "@{name} this is the most {adjective} thing I have read today.",
    "@{name} ha! Same here, but with {animal}.",
    "@{name} have you tried turning {tool} off and on again?",
    "@{name} welcome! Say hello to {city} from me.",
    "@{name} I have {book} on my shelf and am now afraid of it.",
    "@{name} thank you, needed that. {emoji}",
]

FOREIGN = [
    "Bom dia! O comboio para {city} já saiu sem mim. {emoji}",
    "Hoje é dia de {dish}. Alguém quer?",
    "Heute im Garten: {number} Schnecken, eine Meinung. {emoji}",
    "Der Zug nach {city} kommt. Irgendwann. Bestimmt.",
    "صباح الخير من {city} ☀️ القهوة أولاً ثم كل شيء آخر.",
    "اليوم قرأت كتاباً جميلاً عن البحر. من يحب القراءة هنا؟",
    "בוקר טוב! מי ער כבר? {emoji}",
    "יצאתי לריצה ב-{city} וירד גשם. שווה.",
    "今日は{city}行きの電車がまた遅れた。本を読もう。",
    "猫が窓の外を見ている。平和な{number}分。{emoji}",
    "Aujourd'hui, {weather}. On reste au chaud. {emoji}",
]

ODD = [
    "<script>alert('hello')</script> is just text here, and so is <b>this</b> &amp; that.",
    "Robert'); DROP TABLE messages;-- sends his regards.",
    "👩‍👩‍👧‍👦 👨🏽‍🚀 🏳️‍🌈 🇵🇹 all of them fit into one message.",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsentwurf" * 3,
    "line one\nline two\n\nline four, after a gap",
    "Z̸a̷l̶g̵o̸ was here, but only for a moment.",
    "‮drawkcab‬ and forwards again, all in one line.",
    "A message of exactly two hundred and eighty characters, to see where the end is: " + "é" * 199,
    "100% of people who read this have read {{ this }} and {% that %} as well.",
    "http://example.org/a/very/long/path/" + "with/many/parts/" * 8 + "?and=a&query=too",
]


def ordinary(random: Random, theme: str | None = None) -> str:
    """Return a message about `theme`, or about a random one."""
    theme = theme or random.choice(sorted(THEMES))
    return fill(random, random.choice(THEMES[theme]))


def reply(random: Random, name: str) -> str:
    """Return a reply that mentions @name."""
    return fill(random, random.choice(REPLIES), name=name)


def fill(random: Random, sentence: str, **given: str) -> str:
    """Return `sentence` with its slots filled, capitalised, cut to 280 characters."""
    for slot, words in WORDS.items():
        while "{" + slot + "}" in sentence:
            sentence = sentence.replace("{" + slot + "}", random.choice(words), 1)
    for slot, word in given.items():
        sentence = sentence.replace("{" + slot + "}", word)
    sentence = sentence[:280].strip()
    return sentence[:1].upper() + sentence[1:]


def typo(random: Random, text: str) -> str:
    """Return the text with a typing error: two neighbouring letters are exchanged."""
    places = [i for i in range(len(text) - 1) if text[i : i + 2].isalpha()] or [0]
    at = random.choice([i for i in places if text[i] != text[i + 1]] or places)
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
