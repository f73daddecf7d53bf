"""What people type into a search, parsed, and as FTS5 takes it."""

from timeline_api.search import sql
from timeline_api.search.query import parse


def test_it_parses_words_phrases_exclusions_and_parts_of_words():
    assert parse('a "b c" -d -"e f" 東京 " -') == (("a", "b c"), ("d", "e f"), ("東京",))


def test_it_is_false_without_anything_to_find():
    assert not parse('" - *')
    assert not parse("-herons")
    assert parse("herons")


def test_it_quotes_every_word_for_fts5():
    assert sql.fts5(parse("a* OR b")) == '("a*" "OR" "b")'
    assert sql.fts5(parse("a -b"), prefix=True) == '("a"*) NOT "b"'
