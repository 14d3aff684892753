"""Ids of a small model have no gaps, and the published ones are read from the published file."""

import json
from pathlib import Path

import pytest

from armtrial.policies.rynnvla.config import Vocabulary
from armtrial.policies.rynnvla.vocabulary import SIZES, VocabularyError, first_word, published, small, table
from armtrial.tests.policies.rynnvla_small import token_names, tokenizer_file


def test_no_id_of_a_small_model_means_two_things_and_none_means_nothing():
    known, codes = small(1024, 300)
    marks = [known.bos, known.front_start, known.front_end, known.wrist_start, known.wrist_end]
    marks += [known.state, known.action, known.row_end]
    sizes = [known.first_size + size for size in range(SIZES)]
    words = range(first_word(1024), first_word(1024) + 300)
    assert sorted([0, *marks, *sizes, *codes.tolist(), *words]) == list(range(known.size))


def test_a_small_models_codes_follow_one_another():
    known, codes = small(8, 3)
    assert codes.tolist() == list(range(known.first_code, known.first_code + 8))


def test_the_published_ids_are_those_of_the_published_file(tmp_path: Path):
    names = token_names(8192)
    ordered = {name: 4 + int(name[6:-1].translate(digits())) for name in names if name.startswith("IMGIMG")}
    known, codes = published(tokenizer_file(tmp_path, names | ordered))
    assert known == Vocabulary()
    assert codes.tolist() == table(Vocabulary(), 8192).tolist()


def test_a_codes_id_is_found_by_its_name_whatever_the_order(tmp_path: Path):
    _, codes = published(tokenizer_file(tmp_path, token_names(120)), codes=120)
    assert codes.tolist() == [4 + 119 - code for code in range(120)]


def test_added_tokens_count_as_well(tmp_path: Path):
    file = tokenizer_file(tmp_path, token_names(4))
    content = json.loads(file.read_text())
    content["added_tokens"].append({"id": 70000, "content": "<eoss>"})
    file.write_text(json.dumps(content))
    assert published(file, codes=4)[0].front_end == 70000


def test_a_missing_word_is_named_with_where_it_should_come_from(tmp_path: Path):
    names = {name: place for name, place in token_names(4).items() if name != "<eoss>"}
    with pytest.raises(VocabularyError, match=r"has no word '<eoss>'; the published text_tokenizer.json has"):
        published(tokenizer_file(tmp_path, names), codes=4)


def test_a_missing_picture_code_is_named(tmp_path: Path):
    with pytest.raises(VocabularyError, match="no word for picture code 4; the model has 6 codes"):
        published(tokenizer_file(tmp_path, token_names(4)), codes=6)


def test_sizes_that_do_not_follow_one_another_are_refused(tmp_path: Path):
    names = token_names(4) | {"<reserved08812>": 50000}
    with pytest.raises(VocabularyError, match="sizes do not follow one another"):
        published(tokenizer_file(tmp_path, names), codes=4)


@pytest.mark.parametrize("content", ["{", "[1]", '{"model": {}}'])
def test_what_is_no_tokenizer_is_refused(tmp_path: Path, content: str):
    file = tmp_path / "text_tokenizer.json"
    file.write_text(content)
    with pytest.raises(VocabularyError, match="cannot be read as a tokenizer"):
        published(file)


def digits() -> dict[int, str]:
    return {ord(letter): str(digit) for digit, letter in enumerate("ABCDEFGHIJ")}
