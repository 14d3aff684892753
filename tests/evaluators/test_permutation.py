import numpy as np
import pytest
from scipy.stats import permutation_test

from armtrial.evaluators.permutation import sign_flip


def test_of_three_gains_one_signing_in_four_is_as_far_off() -> None:
    assert sign_flip([([0.2, 0.4, 0.6], list("abc"))]).p_value == 2 / 8


def test_trials_that_begin_alike_keep_one_sign() -> None:
    apart, together = sign_flip([([0.2] * 6, list("abcdef"))]), sign_flip([([0.2] * 6, list("aaabbb"))])
    assert (apart.p_value, together.p_value) == (2 / 64, 2 / 4)


def test_the_test_is_scipys() -> None:
    first, second = np.random.default_rng(3).uniform(size=(2, 40))
    theirs = permutation_test(
        (first, second),
        lambda a, b: np.mean(b - a),
        permutation_type="samples",
        vectorized=False,
        n_resamples=4999,
        rng=1,
    )
    ours = sign_flip([(list(second - first), list(map(str, range(40))))])
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=0.02)


def test_trials_that_all_end_alike_leave_doubt() -> None:
    low, high = sign_flip([([0.0] * 20, list(map(str, range(20))))]).interval
    assert -low == pytest.approx(high, abs=0.02)
    assert 0.05 < high < 0.2
    assert sign_flip([([1.0] * 20, list(map(str, range(20))))]).interval[1] == 1.0


@pytest.mark.parametrize("clusters", [list(map(str, range(10))), list("aabbbcdefg")])
def test_beyond_its_ends_the_interval_leaves_what_the_test_rejects(clusters: list[str]) -> None:
    gains = [0.3, 0.5, 0.1, -0.2, 0.4, 0.2, 0.6, 0.0, 0.3, -0.1]
    doubted, starts = [*gains, 1.0, -1.0], [*clusters, "won", "lost"]
    low, high = sign_flip([(gains, clusters)]).interval
    for end, out in ((low, -0.001), (high, 0.001)):
        assert sign_flip([([gain - end + out for gain in doubted], starts)]).p_value > 0.05
        assert sign_flip([([gain - end - out for gain in doubted], starts)]).p_value <= 0.05


def test_the_interval_covers_95_percent_of_skewed_progress() -> None:
    """Stages solved of five, by policies of which the second is better."""
    generator = np.random.default_rng(11)
    solved = generator.binomial(5, (0.6, 0.8), (300, 40, 2)) / 5
    gains = (solved[..., 1] - solved[..., 0]) * (generator.uniform(size=(300, 40)) < 0.3)
    ends = [sign_flip([(each, list(map(str, range(40))))]).interval for each in gains.tolist()]
    assert np.mean([low <= 0.2 * 0.3 <= high for low, high in ends]) >= 0.92


def test_equal_policies_are_told_apart_no_more_than_one_time_in_twenty() -> None:
    gains = np.random.default_rng(5).choice([-0.4, -0.2, 0.0, 0.0, 0.2, 0.4], (600, 12))
    fired = [sign_flip([(each, list(map(str, range(12))))]).p_value <= 0.05 for each in gains.tolist()]
    assert 0.005 <= np.mean(fired) <= 0.06


def test_strata_weigh_the_same_however_many_trials_they_have() -> None:
    found = sign_flip([([0.1] * 10, list("abcdefghij")), ([-0.8] * 2, list("kl"))])
    assert found.difference == pytest.approx((0.1 - 0.8) / 2)
    assert found.interval[0] <= found.difference <= found.interval[1]


def test_of_unequal_strata_equal_policies_are_told_apart_no_more_than_one_time_in_twenty() -> None:
    gains = np.random.default_rng(6).choice([-1.0, 0.0, 0.0, 1.0], (400, 12))
    strata = [((each[:9], list("abcdefghi")), (each[9:], list("jkl"))) for each in gains.tolist()]
    assert 0.005 <= np.mean([sign_flip(each).p_value <= 0.05 for each in strata]) <= 0.06
