"""Whatever a third party's code does, it costs its own trials and the run goes on to its table."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.line import LineEnv
from armtrial.evaluators import evaluate
from armtrial.evaluators.api import resume
from armtrial.evaluators.cli import main
from armtrial.evaluators.errors import FolderError, UserError
from armtrial.evaluators.folder import RunFolder
from armtrial.evaluators.played import load
from armtrial.evaluators.progress import Silent
from armtrial.policies.toy import Toy
from armtrial.tests import misfits


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("world", "message"), misfits.MISFITS.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_a_world_that_breaks_its_contract_costs_its_trial(
    world: type[LineEnv], message: str, workers: int, tmp_path: Path
) -> None:
    run = evaluate("toy", misfits.suite_of(world), episodes=1, workers=workers, out=tmp_path / "run")
    (record,) = load(tmp_path / "run").records
    assert record == run.records[0]
    assert record.result.error is not None
    assert message in f"{record.result.error.kind}: {record.result.error.message}"
    assert record.result.error.origin.value == "world"


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (misfits.ExitingPolicy, "SystemExit: 3"),
        (misfits.OddFlags, "ActionError: the flags of a plan are a tuple of texts; these are 'odd'"),
        (misfits.ComplexPlan, "ActionError: a plan is an array of real numbers; this one holds complex128"),
    ],
)
def test_a_policy_that_breaks_its_contract_costs_its_trials(policy: type[Toy], message: str, tmp_path: Path) -> None:
    run = evaluate(policy, "toy", episodes=1, workers=0, out=tmp_path / "run")
    told = {f"{r.result.error.kind}: {r.result.error.message}" for r in run.records if r.result.error}
    assert told == {message}
    assert run.scores.overall.errors == {"policy": 3}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("NoSpec", "has a spec that is no PolicySpec; derive it from armtrial.policies.base.Policy"),
        ("NotAPolicy", "has no method 'reset', no method 'plan', no method 'close'"),
        ("ExitsWhenBuilt", "could not be built: SystemExit: 3 (misfits.py:"),
        ("np", "'armtrial.tests.misfits:np' is a module; a policy is a class or a function that makes one"),
    ],
)
def test_what_is_no_policy_is_told_in_one_line(name: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--policy", f"armtrial.tests.misfits:{name}", "--suite", "toy", "--workers", "0"]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert len(said.splitlines()) == 1


def test_a_module_that_exits_when_it_is_imported_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.py").write_text("import sys\nsys.exit(0)\n")
    assert main(["--policy", f"{tmp_path / 'bad.py'}:Mine", "--suite", "toy"]) == 2
    assert "could not be loaded: SystemExit: 0 (bad.py:2)" in capsys.readouterr().err


def test_a_policy_that_cannot_be_closed_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = evaluate(misfits.CannotClose, "toy", episodes=1, workers=0, out=tmp_path / "run")
    assert run.scores.overall.success.k == 3
    assert "the policy could not be closed: OSError: the socket is gone" in capsys.readouterr().err


def test_recorded_steps_are_copies_of_what_was_asked_and_measured(tmp_path: Path) -> None:
    for world in (misfits.WritesIntoActions, LineEnv):
        suite = misfits.suite_of(world) if world is not LineEnv else "toy"
        evaluate("toy", suite, task="reach", episodes=1, workers=0, out=tmp_path / world.__name__)
    files = [next((tmp_path / world / "steps").iterdir()) for world in ("WritesIntoActions", "LineEnv")]
    with np.load(files[0]) as mine:
        assert mine["action"].max() <= 100
        assert mine["action"][:, 0].max() <= 1
        assert len(np.unique(mine["state"][:, 0])) > 5


def test_numpys_own_bools_and_floats_are_as_good(tmp_path: Path) -> None:
    runs = [
        evaluate("toy", misfits.suite_of(misfits.NumpyFlags), episodes=2, workers=n, out=tmp_path / str(n))
        for n in (0, 1)
    ]
    assert [r.result for r in runs[0].records] == [r.result for r in runs[1].records]
    assert runs[0].scores.overall.success.k == 2


def test_no_more_of_a_plan_is_executed_than_was_asked_for(tmp_path: Path) -> None:
    for execute, plans in ((20, 9), (5, 36)):
        run = evaluate(
            misfits.LongPlans, "toy", task="reach", episodes=1, execute=execute, workers=0, out=tmp_path / str(execute)
        )
        assert (run.records[0].result.steps, run.records[0].result.plans) == (180, plans)


def test_a_run_with_a_policy_from_a_file_goes_on_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text("from armtrial.policies.toy import Toy\n\n\nclass Mine(Toy): ...\n")
    monkeypatch.chdir(tmp_path)
    whole = evaluate("./mine.py:Mine", "toy", episodes=2, workers=0, out="runs/x")
    assert whole.info.provenance.files == {
        str(tmp_path / "mine.py"): whole.info.provenance.files[str(tmp_path / "mine.py")]
    }
    monkeypatch.chdir("/")
    file = tmp_path / "runs" / "x" / "records.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    assert {r.id: r.result for r in resume(tmp_path / "runs/x", {}, False, Silent()).records} == {
        r.id: r.result for r in whole.records
    }


def test_a_run_of_a_class_is_resumed_by_its_folder_alone(tmp_path: Path) -> None:
    run = evaluate(misfits.CannotClose, "toy", episodes=1, workers=0, out=tmp_path / "run")
    assert run.info.config.policy == "armtrial.tests.misfits:CannotClose"
    assert resume(tmp_path / "run", {}, False, Silent()).records == run.records


def test_two_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [evaluate("toy", "toy", task="reach", episodes=1, workers=0) for _ in range(3)]
    assert len({run.folder for run in runs}) == 3


def test_forged_steps_are_noticed(tmp_path: Path) -> None:
    run = evaluate("toy", "toy", task="reach", episodes=1, workers=0, out=tmp_path / "run")
    (file,) = (tmp_path / "run" / "steps").iterdir()
    np.savez(file, action=np.zeros((5, 2)), state=np.zeros((6, 2)), plan=np.zeros(1))
    with pytest.raises(FolderError, match=r"is not what was recorded: its sha256 differs"):
        RunFolder(tmp_path / "run").read_steps(run.records[0])
    again = evaluate(
        "replay", "toy", task="reach", episodes=1, workers=0, policy_arg=f"run={tmp_path / 'run'}", out=tmp_path / "re"
    )
    assert again.scores.overall.errors == {"policy": 1}


def test_a_run_that_went_on_elsewhere_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path / "run")
    info = tmp_path / "run" / "run.json"
    info.write_text(info.read_text().replace('"numpy": "', '"numpy": "0.'))
    resume(tmp_path / "run", {}, False, Silent())
    main(["report", str(tmp_path / "run")])
    assert "2 sittings between which packages changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trial_timeout": float("nan")}, "--trial-timeout nan: give a number of seconds above 0"),
        ({"trial_timeout": -5.0}, "--trial-timeout -5: give a number of seconds above 0"),
        ({"video": "some"}, "no choice of videos is called 'some'"),
        ({"episode": 3}, "no setting is called 'episode'. Did you mean 'episodes'?"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        evaluate("toy", "toy", workers=0, out=tmp_path / "run", **settings)
    assert message in str(caught.value)


def test_a_world_under_another_interpreter_is_named_by_an_argument(tmp_path: Path) -> None:
    other = shutil.which("python3.11") or shutil.which("python3.10") or "/nonexistent"
    with pytest.raises(UserError, match="another interpreter needs --workers 1 or more"):
        evaluate("toy", "toy", workers=0, env_arg=f"interpreter={other}", out=tmp_path / "run")


def test_a_call_leaves_what_the_command_leaves(tmp_path: Path) -> None:
    how: dict[str, Any] = {"task": "reach", "episodes": 1, "workers": 0, "video": "failures"}
    evaluate("blind", "toy", out=tmp_path / "run", **how)
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left == {"run.json", "records.jsonl", "scores.json", "report.md", "report.html", "steps", "videos"}
