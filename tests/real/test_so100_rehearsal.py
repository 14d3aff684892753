"""A run on the arm made of software, by the evaluator that plays everything: what goes wrong is held, told and kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.remote import RemoteEnv, WorkerError
from armtrial.evaluators import api, ground
from armtrial.evaluators.api import evaluate
from armtrial.evaluators.config import RunConfig
from armtrial.evaluators.errors import UserError
from armtrial.evaluators.folder import RunFolder
from armtrial.evaluators.played import Run
from armtrial.evaluators.playing import Interrupted
from armtrial.evaluators.progress import Silent
from armtrial.evaluators.records import EpisodeRecord
from armtrial.evaluators.takes import last_takes
from armtrial.real import loop, registers
from armtrial.real.calibrations import written
from armtrial.tasks.base import Origin, Outcome
from armtrial.tests.real.lines import RANGES, line
from armtrial.tests.real.rehearsal import QUICK, SHORT, Looking, Sitter, Sleepy, Swing

pytestmark = pytest.mark.lerobot
FAULTY = "armtrial.tests.real.rehearsal:FaultyArm"


def broken(monkeypatch: pytest.MonkeyPatch, out: Path, fault: str, policy: type[Swing] = Swing, *more: str) -> Run:
    """Two trials of an arm on which something goes wrong in the first."""
    pytest.importorskip("scservo_sdk")
    monkeypatch.setattr(ground, "REAL", FAULTY)
    given = (f"fault={fault}",) if fault else ()
    settings = dict(QUICK) | {"env_arg": (*(more if more else QUICK["env_arg"]), *given), "yes": True}
    return evaluate(policy, SHORT, out=out, **settings)


def first(run: Run) -> EpisodeRecord:
    record, after = run.records
    assert after.result.label == "no_reach", "the run goes on, and the next trial is played to its end"
    assert after.result.steps == 60
    return record


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("heat", "temperature:wrist_flex"), ("supply", "voltage"), ("stall", "stalled_joint:shoulder_lift")],
)
def test_what_the_servos_report_stops_the_trial_and_names_its_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: str, reason: str
) -> None:
    record = first(broken(monkeypatch, tmp_path / "run", fault))
    assert record.result.label == f"safety_stop_{reason.partition(':')[0]}"
    assert [(event.kind, event.object) for event in record.result.events] == [("safety_stop", reason)]
    assert record.rig is not None
    assert record.rig.stops == record.result.events


def test_after_a_stop_the_arm_is_held_where_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = broken(monkeypatch, tmp_path / "run", "heat")
    goals = RunFolder(run.folder).read_steps(run.records[0])["raw_goal"]
    present = RunFolder(run.folder).read_steps(run.records[0])["raw_present"]
    assert np.abs(goals[-1] - present[-1])[:5].max() < 8.0


def test_answers_that_are_lost_or_wrong_cost_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = first(broken(monkeypatch, tmp_path / "run", "noise"))
    assert record.result.label == "no_reach"


def test_a_cable_that_comes_loose_for_a_moment_ends_the_trial(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = first(broken(monkeypatch, tmp_path / "run", "loose"))
    assert record.result.label == "safety_stop_line_lost"


def test_a_cable_that_is_pulled_is_an_error_whose_steps_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(loop, "RECONNECT_SECONDS", 0.2)
    run = broken(monkeypatch, tmp_path / "run", "pulled")
    record = first(run)
    assert record.result.error is not None
    assert (record.result.error.origin, record.result.error.kind) == (Origin.WORLD, "LineLost")
    assert len(RunFolder(run.folder).read_steps(record)["raw_goal"]) == 20
    assert record.rig is not None
    assert [stop.object for stop in record.rig.stops] == ["line_lost"]


def test_a_camera_that_stands_still_is_an_error_and_the_arm_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = first(broken(monkeypatch, tmp_path / "run", "frozen", Looking))
    assert record.result.error is not None
    assert "camera 'front' gives no new picture" in record.result.error.message
    assert record.rig is not None
    assert [stop.object for stop in record.rig.stops] == ["camera_frozen:front"]


def test_a_policy_that_hangs_stops_the_trial_when_the_arm_has_waited_long_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record, _ = broken(
        monkeypatch, tmp_path / "run", "", Sleepy, "stall=0.4", "pictures=False", "lockstep=False"
    ).records
    assert record.result.label == "safety_stop_policy_stalled"
    assert record.rig is not None
    assert record.rig.jitter_ms is not None


LAID_OUT, ACCEPT, GO = ("Enter: it is laid out", "\n"), ("Enter: accept", "\n"), "GO"
KEEP = ("keep it", "\n")


def played(key: str, *answers: tuple[str, str]) -> list[tuple[str, str]]:
    return [LAID_OUT, ACCEPT, (GO, key), *answers, KEEP]


def succeeded() -> list[tuple[str, str]]:
    return played("s", ("verdict of", "s"))


def failed(why: str = "2") -> list[tuple[str, str]]:
    return played("af", ("verdict of", "f"), (r"why\?", why))


def test_ten_trials_with_an_undo_a_void_and_a_resume(tmp_path: Path) -> None:
    pytest.importorskip("scservo_sdk")
    void = played("f", ("verdict of", "v"), ("not count", "2"))
    undo = [("Enter: it is laid out", "u"), ("taken back", ""), ("verdict of", "s"), KEEP]
    one = Sitter([*succeeded(), *failed(), *void, *succeeded(), *failed(), *undo, ("it is laid out", "q")])
    settings = dict(QUICK) | {"suite": "single", "task": ("block",), "episodes": 10}
    suite = settings.pop("suite")
    with pytest.raises(Interrupted):
        evaluate("hold", suite, out=tmp_path / "run", console=one.console, **settings)
    assert one.left == []
    two = Sitter([entry for _ in range(6) for entry in succeeded()])
    run = api.resume(tmp_path / "run", {"console": two.console}, False, Silent())
    last = {record.id: record for record in last_takes(run.records)}
    outcomes = [last[f"single-v1.block.{index:03d}"].result.outcome for index in range(10)]
    assert outcomes.count(Outcome.SUCCESS) == 9
    assert outcomes[1] is Outcome.FAILURE
    judged = [record for record in run.records if record.id.endswith("004")]
    assert [entry.result.outcome for entry in judged] == [Outcome.FAILURE, Outcome.SUCCESS]
    assert judged[-1].rig is not None
    assert [entry.label for entry in judged[-1].rig.verdicts] == ["missed_grasp", ""]
    assert [record.rig.void_reason for record in run.records if record.rig and record.rig.void_reason] == [
        "somebody_interfered"
    ]
    assert last["single-v1.block.001"].result.attempts[0].outcome.value == "missed"


def test_space_stops_the_arm_within_a_tick_and_the_record_says_so(tmp_path: Path) -> None:
    pytest.importorskip("scservo_sdk")
    person = Sitter(played(" ", ("verdict of", "f"), (r"why\?", "\n")))
    run = evaluate("hold", SHORT, out=tmp_path / "run", console=person.console, episodes=1, **QUICK)
    assert run.records[0].result.label == "safety_stop_operator"
    assert run.records[0].result.events[-1].object == "operator"


def test_an_arm_on_a_port_is_played_by_the_clock_with_a_person_and_without_a_twin(tmp_path: Path) -> None:
    """Servos on a line of their own, as a real arm's: nothing here knows what is behind them."""
    pytest.importorskip("scservo_sdk")
    written(RANGES, tmp_path / "left.json")
    person = Sitter(played("hf", ("verdict of", "f"), (r"why\?", "\n")))
    arguments = ("name=left", f"calibration_folder={tmp_path}", "operator=ada", "rig=bench")
    with line(lockstep=False) as bus:
        settings = {"env": "real", "port": bus.port, "console": person.console, "env_arg": arguments, "workers": 0}
        run = evaluate(Swing, SHORT, out=tmp_path / "run", episodes=1, **settings)  # type: ignore[arg-type]
        assert not any(servo.get(registers.TORQUE) for servo in bus.servos), "it rests, and was let go there"
    record = run.records[0]
    assert record.rig is not None
    assert (record.rig.operator, record.rig.rig, record.rig.detected, record.rig.films) == ("ada", "bench", None, ())
    assert (record.rig.firmware, record.rig.accepted_by, record.rig.port) == ("3.10", "ada", bus.port)
    assert record.result.label == "intervention"
    assert [event.kind for event in record.rig.interventions] == ["intervention"]
    assert record.rig.jitter_ms is not None
    assert "as in" in person.seen
    assert "start photo: none" in person.seen


def test_a_voided_trial_keeps_what_was_seen_of_it_when_it_is_played_again(tmp_path: Path) -> None:
    pytest.importorskip("scservo_sdk")
    void = played("f", ("verdict of", "v"), ("not count", "1"))
    person = Sitter([*void, *failed()])
    settings: dict[str, Any] = dict(QUICK) | {"env_arg": ("lockstep=True", "camera_width=64", "camera_height=64")}
    run = evaluate("hold", SHORT, out=tmp_path / "run", console=person.console, episodes=1, video="all", **settings)
    first, again = (record.rig for record in run.records)
    assert first is not None
    assert again is not None
    kept = {*first.films, *again.films, first.photo, again.photo}
    assert len(kept) == 6
    assert all((tmp_path / "run" / name).is_file() for name in kept)
    assert again.difference is not None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"env": "real"}, "needs --port"),
        ({"env": "real", "port": "twin", "workers": 2}, "there is one arm"),
        ({"env": "real", "port": "twin", "latency": 0.1, "workers": 0}, "--latency does not go"),
        ({"env": "real", "port": "/dev/ttyNONE", "yes": True, "workers": 0}, "--yes goes with --port twin"),
        ({"port": "twin"}, "no argument of 'so100' is called 'port'"),
    ],
)
def test_what_cannot_be_played_is_said_before_anything_moves(settings: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=told):
        evaluate("hold", "single", **({"workers": 0} | settings))  # type: ignore[arg-type]


def test_nothing_replays_a_trial_on_an_arm(tmp_path: Path) -> None:
    found = ground.prepare(RunConfig(policy="hold", suite="single", env="real", port="/dev/ttyNONE", workers=0))
    with pytest.raises(WorkerError, match="played on a real arm, which replays nothing"):
        RemoteEnv(found.source)


def test_a_suite_of_another_world_is_not_for_the_arm() -> None:
    with pytest.raises(UserError, match="made for 'so100'; suite 'toy' is for 'line'"):
        evaluate("hold", "toy", **(dict(QUICK) | {"env_arg": ()}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "waits"),
    [
        ({"yes": True}, True),
        ({"yes": True, "realtime": True}, False),
        ({"yes": True, "env_arg": ("lockstep=False",)}, False),
        ({}, False),
        ({"env_arg": ("lockstep=True",)}, True),
    ],
)
def test_a_rehearsal_that_nobody_watches_is_in_step_with_its_policy(settings: dict[str, object], waits: bool) -> None:
    asked = RunConfig(policy="hold", suite="single", env="real", port="twin", workers=0, **settings)  # type: ignore[arg-type]
    found = ground.prepare(asked)
    assert (found.config.realtime, found.source.arguments["lockstep"]) == (not waits, waits)
