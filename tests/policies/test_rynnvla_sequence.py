"""Sequences have the published lengths and order, and the labels say what is predicted."""

import numpy as np
import pytest
import torch

from armtrial.policies.rynnvla.config import Vocabulary
from armtrial.policies.rynnvla.sequence import IGNORED, View, pack, picture_ids, prompt, prompts
from armtrial.policies.rynnvla.vocabulary import PADDING, small

PUBLISHED = Vocabulary()
SMALL, _ = small(64, 10)
WORD = SMALL.size - 1
"""Of the text."""


def codes(count: int, frames: int, seed: int = 0) -> np.ndarray:
    """2x3 codes a picture."""
    return np.random.default_rng(seed).integers(0, 64, (count, frames, 2, 2, 3)).astype(np.uint16)


@pytest.mark.parametrize(
    ("height", "width", "tokens"), [(384, 512, 796), (384, 384, 604), (256, 256, 276), (128, 128, 76)]
)
def test_a_view_has_the_published_number_of_tokens(height: int, width: int, tokens: int):
    assert len(picture_ids(np.zeros((height // 16, width // 16), int), View.FRONT, PUBLISHED, 16)) == tokens


def test_a_picture_is_start_height_width_rows_with_their_ends_and_end():
    ids = picture_ids(np.arange(24 * 32).reshape(24, 32), View.FRONT, PUBLISHED, 16)
    assert ids[:3].tolist() == [8197, 8804 + 12, 8804 + 16]
    assert ids[3:35].tolist() == list(range(4, 36))
    assert ids[35::33].tolist() == [8803] * 24
    assert ids[-1] == 8196


def test_the_wrist_has_marks_of_its_own():
    front, wrist = (picture_ids(np.zeros((8, 8), int), view, PUBLISHED, 16) for view in View)
    assert (int(wrist[0]), int(wrist[-1])) == (65537, 65538)
    assert torch.equal(front[1:-1], wrist[1:-1])


def test_a_table_of_codes_wins_over_counting():
    known = torch.tensor([50, 7, 9])
    assert picture_ids(np.array([[2, 0]]), View.FRONT, SMALL, 16, known)[3:5].tolist() == [9, 50]


def test_a_prompt_is_text_front_wrist_and_ends_with_the_state():
    front, wrist = codes(1, 1)[0, 0]
    ids = prompt([WORD, WORD], front, wrist, SMALL, 16)
    views = [picture_ids(part, view, SMALL, 16) for part, view in zip((front, wrist), View)]
    assert ids.tolist() == [SMALL.bos, WORD, WORD, *views[0].tolist(), *views[1].tolist(), SMALL.state]


def test_a_packed_frame_is_the_prompt_and_the_action():
    seen = codes(1, 1)
    packed = pack([[WORD]], seen, SMALL, 16)
    assert packed.ids[0].tolist() == frame(seen[0, 0])


def test_frames_follow_one_another_each_with_the_text():
    seen = codes(1, 4)
    assert pack([[WORD]], seen, SMALL, 16).ids[0].tolist() == [token for look in seen[0] for token in frame(look)]


def frame(look: np.ndarray) -> list[int]:
    """Of one word."""
    return [*prompt([WORD], look[0], look[1], SMALL, 16).tolist(), SMALL.action]


def test_of_the_first_frame_only_state_and_action_are_predicted():
    packed = pack([[WORD] * 3], codes(1, 1), SMALL, 16)
    assert packed.labels[0, -2:].tolist() == [SMALL.state, SMALL.action]
    assert set(packed.labels[0, :-2].tolist()) == {IGNORED}


def test_of_later_frames_all_is_predicted():
    packed = pack([[WORD] * 3], codes(1, 3), SMALL, 16)
    length = packed.ids.shape[1] // 3
    assert torch.equal(packed.labels[0, length:], packed.ids[0, length:])
    assert set(packed.labels[0, : length - 2].tolist()) == {IGNORED}


def test_a_sequence_is_the_same_in_a_batch_and_alone():
    seen = codes(3, 2)
    texts = [[WORD] * 5, [WORD], [WORD] * 3]
    together = pack(texts, seen, SMALL, 16)
    for place, text in enumerate(texts):
        alone = pack([text], seen[place : place + 1], SMALL, 16)
        length = alone.ids.shape[1]
        assert torch.equal(together.ids[place, :length], alone.ids[0])
        assert torch.equal(together.labels[place, :length], alone.labels[0])
        assert torch.equal(together.state_positions[place], alone.state_positions[0])


def test_what_is_filled_up_is_on_the_right_and_never_predicted():
    packed = pack([[WORD] * 5, [WORD]], codes(2, 2), SMALL, 16)
    assert packed.mask is not None
    assert packed.mask.sum(1).tolist() == [packed.ids.shape[1], packed.ids.shape[1] - 8]
    assert set(packed.ids[~packed.mask].tolist()) == {PADDING}
    assert set(packed.labels[~packed.mask].tolist()) == {IGNORED}


def test_without_anything_filled_up_there_is_no_mask():
    assert pack([[WORD]] * 2, codes(2, 1), SMALL, 16).mask is None
    assert prompts([torch.arange(3), torch.arange(3)])[1] is None


def test_the_action_is_predicted_at_the_state():
    packed = pack([[WORD], [WORD] * 2], codes(2, 2), SMALL, 16)
    places = packed.state_positions
    assert (packed.ids.gather(1, places) == SMALL.state).all()
    assert (packed.labels.gather(1, places + 1) == SMALL.action).all()


def test_a_clip_without_actions_has_neither_state_nor_action():
    packed = pack([[WORD]], codes(1, 2), SMALL, 16, with_actions=False)
    assert packed.state_positions.shape == (1, 0)
    assert not torch.isin(packed.ids, torch.tensor([SMALL.state, SMALL.action])).any()
    assert (packed.labels[0] == IGNORED).sum() * 2 == packed.ids.shape[1]


def test_nothing_is_wanted_before_what_predicts_the_first_label():
    packed = pack([[WORD] * 4, [WORD]], codes(2, 2), SMALL, 16)
    wanted = (packed.labels[:, 1:] != IGNORED).any(0).nonzero()
    assert packed.since == int(wanted[0])


def test_prompts_of_two_lengths_are_filled_up_on_the_right():
    ids, mask = prompts([torch.tensor([5, 6, 7]), torch.tensor([8])])
    assert mask is not None
    assert ids.tolist() == [[5, 6, 7], [8, PADDING, PADDING]]
    assert mask.tolist() == [[True, True, True], [True, False, False]]
