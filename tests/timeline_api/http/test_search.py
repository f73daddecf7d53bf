"""GET /api/v1/search/messages/ and /search/accounts/"""

import hypothesis
import pytest
from django.db import connections
from hypothesis import HealthCheck
from hypothesis import strategies as st

from shardrouter import shards
from tests.timeline_api.lost import lost
from timeline_api.models import Message
from timeline_api.search import sql
from timeline_api.search.query import parse
from timeline_api.search.ranking import Match, ranked
from timeline_api.selectors import search
from timeline_api.services import accounts, messages

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/search/messages/"
PEOPLE = "/api/v1/search/accounts/"
TEXTS = [
    "Two herons this morning.",
    "A heron, two ducks and a swan",
    "Café au lait, s'il vous plaît",
    "東京の朝は静かです",
    "สวัสดีชาวโลก",
    "صباح الخير يا جيراني",
    "Доброе утро, соседи!",
    "C++ is not C#; 100% sure_thing",
    "See https://example.org/swamps/today?page=2, mail bob.smith@example.org, ask @dana_of_hull",
    "COVID-19 at -5 or 3.14e5 degrees; <b>bold</b> &amp; /usr/lib, “quoted”—dashed",
    "Мой дом, E\u0301cole",
]


@pytest.fixture
def people(register):
    return [register(f"writer{number}") for number in range(4)]


@pytest.fixture
def everybody(people):
    for number, text in enumerate(TEXTS):
        messages.post(author=people[number % 4], text=text)
    return people


def found(client, text, url=URL, **more):
    response = client.get(url, {"q": text, **more})
    assert response.status_code == 200, response.content
    return response.json()["results"]


def texts(client, text):
    return sorted(message["text"] for message in found(client, text))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("two", [0, 1]),
        ("TWO heRons", [0]),
        ("heron", [1]),
        ('"two herons"', [0]),
        ('"herons two"', []),
        ("two -swan", [0]),
        ("-swan", []),
        ("cafe PLAIT", [2]),
        ("東京", [3]),
        ("静か", [3]),
        ("สวัสดี", [4]),
        ("الخير", [5]),
        ("соседи", [6]),
        ("C++", [7]),
        ("100%", [7]),
        ("nothing of this", []),
        ("", []),
        ('"', []),
        ("*", []),
        ("-", []),
        ("()^:{}", []),
        ("two OR swan", []),
        ("text:two", []),
        ("two*", [0, 1]),
        ("NEAR(two herons)", []),
        ("\0two", [0, 1]),
        ("two ' OR 1=1 --", []),
        ('two"herons', [0]),
        ("\0東京", [3]),
        ("京\0の", [3]),
        ("thing", [7]),
        ("example", [8]),
        ("https://example.org/", [8]),
        ("today page", [8]),
        ("smith", [8]),
        ("smith@example", [8]),
        ("@dana hull", [8]),
        ("#swamps", [8]),
        ("19", [9]),
        ("covid-19", [9]),
        ("5", [9]),
        ("14e5", [9]),
        ("b bold", [9]),
        ('"usr lib"', [9]),
        ("quoted", [9]),
        ("dashed -covid", []),
        ("мой", [10]),
        ("мои", []),
        ("ecole", [10]),
        ("École", [10]),
    ],
)
def test_it_finds_by_words_and_phrases(visitor, everybody, query, numbers):
    assert texts(visitor, query) == sorted(TEXTS[number] for number in numbers)


@hypothesis.settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@hypothesis.given(query=st.text(max_size=60) | st.text('"*-+^(){}: aNOT東', max_size=30))
def test_it_takes_any_text(visitor, everybody, query):
    for url in (URL, PEOPLE):
        found(visitor, query, url)


@pytest.mark.parametrize("url", [URL, PEOPLE])
def test_it_refuses_a_query_that_is_too_long(visitor, db, url):
    for text in ("x" * 201, "x" * 10_000):
        response = visitor.get(url, {"q": text})
        assert response.status_code == 400
        assert response.json() == {"q": ["At most 200 characters."]}


def test_it_follows_edits_and_deletes(visitor, alice):
    message = messages.post(author=alice, text="herons")
    assert texts(visitor, "herons") == ["herons"]
    messages.edit(message=message, text="storks")
    assert texts(visitor, "herons") == []
    assert texts(visitor, "storks") == ["storks"]
    messages.delete(message=message)
    assert texts(visitor, "storks") == []
    messages.post(author=alice, text="herons again")
    accounts.delete(account=alice)
    assert texts(visitor, "herons") == []


def test_it_shows_the_best_first_and_pages_both_ways(visitor, register):
    people = [register(f"writer{number}") for number in range(5)]
    for number, person in enumerate(people * 3):
        messages.post(author=person, text="word " * 3 + f"and more of {number}" * 5)
    messages.post(author=people[0], text="word")
    first = visitor.get(URL, {"q": "word", "page_size": 6}).json()
    assert first["results"][0]["text"] == "word"
    seen, page = list(first["results"]), first
    while page["next"]:
        page = visitor.get(page["next"]).json()
        seen += page["results"]
    assert len({message["id"] for message in seen}) == len(seen) == 16
    back = visitor.get(page["previous"]).json()
    assert back["results"] == seen[6:12]


def test_it_does_not_find_suspended_accounts_or_their_messages(visitor, alice):
    messages.post(author=alice, text="herons")
    accounts.suspend(account=alice)
    assert texts(visitor, "herons") == []
    assert found(visitor, "alice", PEOPLE) == []


def test_it_names_a_lost_shard_and_answers_from_the_others(visitor, everybody):
    with lost("shard1"):
        response = visitor.get(URL, {"q": "two"})
        assert response.status_code == 200
        assert response["X-Shards-Missing"] == "shard1"


def test_it_finds_people_by_the_beginnings_of_words(visitor, alice, bob):
    accounts.update_profile(account=bob, display_name="Bob Heron", bio="Walks with ألف ducks")
    for query, names in (
        ("ali", ["alice"]),
        ("HER", ["bob"]),
        ("duck walk", ["bob"]),
        ("ألف", ["bob"]),
        ("o", []),
        ('"bob her"', ["bob"]),
        ("bob-her", ["bob"]),
        ('"bob ron"', []),
        ("duck -hero", ["bob"]),
        ("duck -heron", []),
    ):
        assert [row["username"] for row in found(visitor, query, PEOPLE)] == names


@pytest.mark.parametrize(("query", "most"), [("heron", 4), ("heron -late", 3), ('"a heron"', 4)])
def test_it_ranks_the_newest_matches_alone(visitor, people, post, settings, query, most):
    """Of more matches than SEARCH_MATCHES the oldest are left out, however good they are."""
    settings.TIMELINES = {"SEARCH_MATCHES": most}
    post(people[0], "A heron")
    later = [post(person, f"A heron, and {person.username}") for person in people]
    page = visitor.get(URL, {"q": query, "page_size": 3}).json()
    rows = list(page["results"])
    while page["next"]:
        page = visitor.get(page["next"]).json()
        rows += page["results"]
    assert [int(row["id"]) for row in rows] == [row.pk for row in reversed(later)][:most]


def test_it_looks_for_parts_of_words_in_the_newest_messages(visitor, alice, post, settings):
    settings.TIMELINES = {"SEARCH_LOOKED_THROUGH": 2}
    for text in ("東京の朝", "東京の夜 late", "雨"):
        post(alice, text)
    assert texts(visitor, "京") == texts(visitor, "late 京") == ["東京の夜 late"]


@pytest.mark.parametrize("rare", [0, 64])
def test_it_widens_its_windows_until_there_are_enough(
    visitor, alice, post, settings, monkeypatch, rare
):
    """On PostgreSQL; SQLite has none."""
    monkeypatch.setattr(search, "FIRST_WINDOW", 1)
    monkeypatch.setattr(search, "RARE", rare)
    settings.TIMELINES = {"SEARCH_MATCHES": 2}
    rows = [post(alice, text) for text in ("heron 1", "heron 2", "heron 3", "heron 4")]
    others = [post(alice, "swan") for _ in range(12)]
    assert [int(row["id"]) for row in found(visitor, "heron")] == [rows[3].pk, rows[2].pk]
    assert [int(row["id"]) for row in found(visitor, "swan")] == [others[11].pk, others[10].pk]
    assert [int(row["id"]) for row in found(visitor, "1")] == [rows[0].pk]


VOCABULARY = ["ash", "Ash", "bée", "bee", "cod", "ASHEN", "co d"]
WORDS = st.sampled_from(VOCABULARY)
PHRASES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
QUERIES = st.tuples(st.lists(PHRASES, min_size=1, max_size=2), st.lists(PHRASES, max_size=2)).map(
    lambda terms: " ".join([f'"{term}"' for term in terms[0]] + [f'-"{t}"' for t in terms[1]])
)


def plainly(text):
    """The text between spaces, as words are compared."""
    return f" {text.lower().replace('é', 'e')} "


def matches(text, query):
    return all(plainly(term) in plainly(text) for term in query.words) and not any(
        plainly(term) in plainly(text) for term in query.without
    )


@hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@hypothesis.given(
    written=st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), max_size=12),
    query=QUERIES,
    most=st.integers(1, 12),
)
def test_it_finds_what_looking_at_each_text_finds(people, settings, written, query, most):
    """And in the order of `ranked`, whatever the database."""
    settings.TIMELINES = {"SEARCH_MATCHES": most}
    Message.objects.scatter(writes=True).delete()
    rows = [
        messages.post(author=people[number % 4], text=text) for number, text in enumerate(written)
    ]
    parsed = parse(query)
    newest = sorted((row.pk, row.text) for row in rows if matches(row.text, parsed))[-most:]
    expected = ranked([Match(*row) for row in reversed(newest)], parsed.words)
    assert [entry.id for entry in search.messages_matching(parsed)] == expected


def test_it_uses_the_index(everybody):
    """A shard does not look through all its texts for a word."""
    for alias in shards():
        connection = connections[alias]
        query = parse("two herons -x")
        statement, parameters = sql.newest(
            connection.vendor, sql.MESSAGES, query, after_id=0, limit=1000
        )
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows are read faster
            explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
            cursor.execute(explain + statement, parameters)
            plan = str(cursor.fetchall())
        assert "VIRTUAL TABLE INDEX" in plan or "timeline_api_message_words" in plan
