"""Any instruction has ids, known words have one each, and what cannot be read is told."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armtrial.policies.rynnvla.text import BYTES, LIMIT, Published, TextError, Words, load, pieces, save
from armtrial.tests.policies.rynnvla_small import token_names, tokenizer_file

KNOWN = Words.learned(["Pick up the green block.", "Put the pen into the holder"], first=1000)


def test_known_words_and_marks_have_one_id_each():
    ids = KNOWN.ids("pick up the pen.")
    assert len(ids) == 5
    assert all(place >= 1000 + BYTES for place in ids)


def test_capitals_and_blanks_make_no_difference():
    assert KNOWN.ids("  Pick UP\tthe  pen") == KNOWN.ids("pick up the pen")


def test_other_words_make_a_difference():
    assert KNOWN.ids("pick up the pen") != KNOWN.ids("pick up the block")
    assert KNOWN.ids("pick the pen up") != KNOWN.ids("pick up the pen")


def test_an_unknown_word_is_told_in_bytes_and_ends():
    assert KNOWN.ids("cup") == [1000 + byte for byte in b"cup "]
    assert KNOWN.ids("cu p") != KNOWN.ids("cup")


@settings(deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_whatever_has_a_letter_or_mark_has_ids_within_the_tokenizers_own(instruction: str):
    if not pieces(instruction):
        return
    assert all(1000 <= place < 1000 + KNOWN.size for place in KNOWN.ids(instruction))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["cup", "pen", "über", "掴む", "up", "."]), min_size=1, max_size=6))
def test_different_instructions_have_different_ids(words: list[str]):
    instruction = " ".join(words)
    assert (KNOWN.ids(instruction) == KNOWN.ids("cup pen")) == (words == ["cup", "pen"])


@pytest.mark.parametrize("instruction", ["", "   ", "\n"])
def test_an_empty_instruction_is_refused(instruction: str):
    with pytest.raises(TextError, match="is empty; say what is to be done"):
        KNOWN.ids(instruction)


def test_an_instruction_that_is_too_long_is_refused_with_the_limit():
    with pytest.raises(TextError, match=rf"has {LIMIT + 1} tokens and may have {LIMIT}; say it in fewer words"):
        KNOWN.ids("the " * (LIMIT + 1))


def test_the_table_of_words_survives_its_file(tmp_path: Path):
    save(KNOWN, tmp_path / "text.json")
    assert load(tmp_path / "text.json") == KNOWN


@pytest.mark.parametrize("content", ["", "{}", '{"words": ["a"], "first": "b"}'])
def test_a_file_that_is_no_table_of_words_is_refused(tmp_path: Path, content: str):
    (tmp_path / "text.json").write_text(content)
    with pytest.raises(TextError, match="cannot be read as a table of words"):
        load(tmp_path / "text.json")


def test_learning_twice_from_the_same_words_gives_the_same_ids():
    assert Words.learned(["b a", "c"], 5) == Words.learned(["c b", "a"], 5)


def test_the_published_tokenizer_is_the_files_without_marks_around(tmp_path: Path):
    assert Published(tokenizer_file(tmp_path, token_names(4))).ids("pick block pick") == [40000, 40001, 40000]


def test_the_published_tokenizer_refuses_nothing_and_too_much(tmp_path: Path):
    text = Published(tokenizer_file(tmp_path, token_names(4)), limit=3)
    with pytest.raises(TextError, match="empty"):
        text.ids(" ")
    with pytest.raises(TextError, match="has 4 tokens and may have 3"):
        text.ids("pick pick pick pick")


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TextError, match=r"tokenizer.json cannot be read as a tokenizer"):
        Published(tmp_path / "tokenizer.json")
