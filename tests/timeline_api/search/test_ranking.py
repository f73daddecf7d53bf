"""Ranking: which of the texts that match comes first."""

import pytest

from timeline_api.search.ranking import Match, fold, ranked


@pytest.mark.parametrize(
    ("words", "better", "worse"),
    [
        (["heron"], "Herons: heron and heron", "Herons: a heron and swan"),
        (["heron"], "A heron", "A heron and so on and on"),
        (["ecole"], "École, école, école", "École, lecole, ecoles"),
        (["a heron"], "A heron, a heron", "A heron, heron a"),
        (["bob-her"], "bob her, bob.her", "bob her, bob bob"),
        (["two", "swan"], "two swan two", "two swan one"),
        (["дом"], "Дом и дом", "Дом и кот"),
    ],
)
def test_it_prefers_what_has_a_word_more_often_or_is_shorter(words, better, worse):
    # Not by their ids, which would put the other one first.
    assert ranked([Match(2, worse), Match(1, better)], words) == [1, 2]


def test_it_puts_the_newest_of_equals_first():
    rows = [Match(1, "a heron"), Match(3, "a heron"), Match(2, "a heron")]
    assert ranked(rows, ["heron"]) == ranked(rows, []) == [3, 2, 1]
    assert ranked([], ["heron"]) == []


def test_it_counts_the_beginnings_of_words_for_prefixes():
    rows = [Match(2, "duck and a pond"), Match(1, "ducks, duckling")]
    assert ranked(rows, ["duck"], prefix=True) == [1, 2]
    assert ranked([Match(2, "abducts ducts"), Match(1, "duct duct and")], ["duct"]) == [1, 2]


def test_it_folds_as_the_index_does():
    assert fold("ÉCOLE E\u0301cole") == "ecole ecole"
    assert fold("Мой") == "мой"
