import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.evaluators.config import RunConfig
from armtrial.evaluators.duel import Duel, Rules, duel
from armtrial.evaluators.errors import Mismatch
from armtrial.evaluators.played import load
from armtrial.evaluators.records import EpisodeRecord
from armtrial.evaluators.sequential import Stop
from armtrial.tests.waiting import until

ROOT = Path(__file__).parents[2]
RULES = Rules(alpha=0.05, margin=0.10)


def config(policy: str, **changes: object) -> RunConfig:
    return replace(RunConfig(policy=policy, suite="toy", workers=0), **changes)  # type: ignore[arg-type]


def ignored(found: Duel) -> None: ...


def fought(first: str, second: str, out: Path, rules: Rules = RULES, **changes: object) -> Duel:
    return duel([config(first, **changes), config(second, **changes)], out, rules, ignored)[0]


def played(folder: Path) -> list[EpisodeRecord]:
    return list(load(folder).records)


def test_it_stops_when_one_is_better(tmp_path: Path) -> None:
    found = fought("blind", "toy", tmp_path)
    assert (found.standing.stop, found.played, found.budget, found.saved) == (Stop.BETTER, 9, 60, 102)
    assert fought("toy", "blind", tmp_path / "turned").standing.stop is Stop.WORSE


def test_a_policy_against_itself_is_equivalent_and_never_better(tmp_path: Path) -> None:
    looks: list[Duel] = []
    sides = [config("random"), config("random")]
    found, _ = duel(sides, tmp_path, RULES, looks.append)
    assert found.standing.stop is Stop.EQUIVALENT
    assert -0.1 < found.standing.interval[0] < found.standing.interval[1] < 0.1
    assert [look.played for look in looks] == list(range(3, found.played + 1, 3))


def test_without_a_decision_it_plays_its_budget(tmp_path: Path) -> None:
    found = fought("random", "random", tmp_path, episodes=2)
    assert (found.standing.stop, found.played, found.saved, found.over) == (None, 6, 0, True)


def test_tasks_advance_together_and_both_sides_play_the_same_trials(tmp_path: Path) -> None:
    fought("blind", "toy", tmp_path)
    first, second = played(tmp_path / "a"), played(tmp_path / "b")
    assert [record.id for record in first] == [record.id for record in second]
    assert [record.trial.task for record in first[:4]] == ["reach", "fetch", "tour", "reach"]


@pytest.mark.parametrize(("workers", "looks"), [(0, [3, 6, 9, 12]), (4, [6, 12])])
def test_they_play_in_turns_of_all_tasks(workers: int, looks: list[int], tmp_path: Path) -> None:
    """As many as keep the workers busy; the last record of a side may still be on its way to the disk."""
    seen: list[tuple[int, ...]] = []
    both = [config("random", episodes=4, workers=workers) for _ in range(2)]
    duel(both, tmp_path, RULES, lambda _: seen.append(tuple(len(played(tmp_path / side)) for side in "ab")))
    assert seen == [(pytest.approx(look, abs=1), pytest.approx(look, abs=1)) for look in looks]


def test_an_error_counts_as_not_succeeded(tmp_path: Path) -> None:
    found = fought("toy", "armtrial.tests.worlds:Raises", tmp_path, episodes=2)
    assert (found.tallies[1].errors, found.table.only_first) == (3, 3)


class Enough(KeyboardInterrupt): ...


def interrupted_after(rounds: int, out: Path) -> None:
    def stop(found: Duel) -> None:
        if found.played == rounds:
            raise Enough

    with pytest.raises(KeyboardInterrupt):
        duel([config("random"), config("toy", episodes=None)], out, RULES, stop)


def test_interrupted_and_begun_again_it_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = fought("random", "toy", tmp_path / "whole")
    interrupted_after(6, tmp_path / "cut")
    log = tmp_path / "cut" / "b" / "records.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    again = fought("random", "toy", tmp_path / "cut")
    assert (again.standing, again.table) == (whole.standing, whole.table)
    for side in "ab":
        results = [[record.result for record in played(tmp_path / name / side)] for name in ("whole", "cut")]
        assert results[0] == results[1]


def test_no_look_is_taken_at_a_round_that_a_crash_cut_short(tmp_path: Path) -> None:
    """It would see the trials of the round that ended early, and not the others."""
    whole = fought("blind", "toy", tmp_path).played
    log = tmp_path / "b" / "records.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    looks: list[int] = []
    duel([config("blind"), config("toy")], tmp_path, RULES, lambda found: looks.append(found.played))
    assert looks == list(range(3, whole + 1, 3))


def test_a_duel_that_is_over_is_not_played_again(tmp_path: Path) -> None:
    fought("blind", "toy", tmp_path)
    before = (tmp_path / "a" / "run.json").read_bytes()
    assert fought("blind", "toy", tmp_path).standing.stop is Stop.BETTER
    assert (tmp_path / "a" / "run.json").read_bytes() == before


def test_the_rules_cannot_change_when_something_has_been_seen(tmp_path: Path) -> None:
    fought("blind", "toy", tmp_path)
    with pytest.raises(
        Mismatch, match=r"was begun with --alpha 0\.05 --margin 10, not --alpha 0\.05 --margin 5; a duel"
    ):
        fought("blind", "toy", tmp_path, Rules(alpha=0.05, margin=0.05))


def test_another_policy_cannot_go_on_with_it(tmp_path: Path) -> None:
    fought("blind", "toy", tmp_path)
    with pytest.raises(Mismatch, match="was started with policy='toy', not 'random'"):
        fought("blind", "random", tmp_path)


def command(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "run_eval.py"), "duel", *words]


def test_interrupted_it_says_how_to_go_on_and_leaves_both_runs_whole(tmp_path: Path) -> None:
    slow = ("--suite", "armtrial.tests.worlds:SLOW", "--workers", "1", "--out", str(tmp_path / "d"))
    words = ("--policy", "random", "--policy", "random", *slow)
    process = subprocess.Popen(command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    side = tmp_path / "d" / "b"
    until(lambda: (side / "records.jsonl").exists() and len(played(side)) >= 3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.endswith(f"go on with\n  python run_eval.py duel {' '.join(words)}\n")
    assert [load(tmp_path / "d" / side).info.sittings[0].how for side in "ab"] == ["interrupted"] * 2
    done = subprocess.run([*command(*words), "--quiet", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["standing"]["stop"] == "equivalent"
