"""The command as a person types it."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from armtrial.evaluators.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
MINE = """
import numpy as np
from armtrial.policies.base import Plan, Policy, PolicySpec

class Mine(Policy):
    def __init__(self, world, *, place=0.0):
        self.spec = PolicySpec(name=f"mine({place:g})", action=world.action, horizon=5)
        self.place = place

    def plan(self, queries):
        return [Plan(np.tile([self.place, 100.0], (5, 1))) for _ in queries]
"""


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def quick(*words: str) -> tuple[str, ...]:
    return ("--episodes", "2", "--workers", "0", "--video", "none", *words)


def test_a_run_prints_its_table_and_leaves_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "--policy", "toy", "--suite", "toy", *quick("--out", str(tmp_path / "run")))
    assert status == 0
    assert "100.0 % (6/6)" in out
    assert "51.4 to 100.0" in out
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"run.json", "records.jsonl", "scores.json", "report.md", "report.html", "steps"}


def test_a_policy_of_ten_lines_in_a_file_plays_a_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    assert len(MINE.strip().splitlines()) == 10
    place = f"{tmp_path / 'mine.py'}:Mine"
    words = ("--policy", place, "--policy-arg", "place=0.5", "--suite", "toy", *quick("--out", str(tmp_path / "run")))
    status, out, _ = said(capsys, *words)
    assert status == 0
    assert out.startswith("mine(0.5) on toy-v1")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--policy", "ty", "--suite", "toy"), "no policy is called 'ty'. Did you mean 'toy'? There are: "),
        (("--policy", "toy", "--suite", "tony"), "no suite is called 'tony'. Did you mean 'toy'? There are: "),
        (
            ("repor", "x"),
            "no command is called 'repor'. Did you mean 'report'? There are: baseline, check-policy, collect, ",
        ),
        (("--polcy", "toy"), "--polcy is not understood. Did you mean --policy? See "),
        (("--episodes", "many"), "argument --episodes: invalid int value: 'many'. See "),
        (("report", "runs/x", "--jsn"), "--jsn is not understood. Did you mean --json? See armtrial report --help"),
        (("report",), "the following arguments are required: run. See armtrial report --help"),
        (("doctor", "--limit", "x"), "See armtrial doctor --help"),
        (("--episodes", "3"), "--policy and --suite are missing. Say what plays what"),
        (("--policy", "toy"), "--suite is missing. Say what plays what"),
        (("--list", "./no.py:X"), "suite, policy or world './no.py:X' could not be loaded: there is no file"),
        (("--list", "armtrial.envs.line:RATE"), "a float is no suite, no policy and no world"),
        (("--policy", "\x1b[31mtoy", "--suite", "toy"), "no policy is called '?[31mtoy'. There are: "),
        (("--suite", "toy"), "--policy is missing. Say what plays what"),
        (("--policy", "toy", "--suite", "toy", "--task", "rech"), "no task of suite 'toy' is called 'rech'. Did you"),
        (("--policy", "./no.py:X", "--suite", "toy"), "no.py:X' could not be loaded: there is no file"),
        (("--policy", "mine.py", "--suite", "toy"), "Your own: ./file.py:Name or package.module:Name"),
        (("--policy", "toy", "--suite", "toy", "--policy-arg", "horizn=3"), "no argument of 'toy' is called 'horizn'."),
        (("--policy", "toy", "--suite", "toy", "--policy-arg", "3"), "an argument is written K=V"),
        (("--policy", "replay", "--suite", "toy"), "'replay' needs --policy-arg run=..."),
        (
            ("--policy", "toy", "--suite", "toy", "--env-arg", "sped=3"),
            "no argument of 'line' is called 'sped'. Did you",
        ),
        (("--policy", "toy", "--suite", "toy", "--episodes", "0"), "--episodes 0: a run needs at least one trial"),
        (
            ("--policy", "toy", "--suite", "toy", "--checkpoint", "x"),
            "no argument of 'toy' is called 'checkpoint'. There are: horizon. "
            "Said by --checkpoint (short for --policy-arg checkpoint=...).",
        ),
        (
            ("--policy", "toy", "--suite", "toy", "--look", "pretty"),
            "no argument of 'line' is called 'look'. There are: speed. Said by --look (short for --env-arg look=...).",
        ),
        (
            ("--policy", "toy", "--suite", "toy", "--look", "fast", "--env-arg", "look=pretty"),
            "--look fast and --env-arg look=pretty differ, and both say 'look'; say it once",
        ),
        (("--policy", "toy", "--suite", "toy", "--size", "640"), "--size 640: give WxH in pixels, as 640x480"),
        (("--policy", "toy", "--suite", "toy", "--size", "0x480"), "--size 0x480: each side has 1 to 4096 pixels"),
        (("--policy", "toy", "--suite", "toy", "--retry-errors"), "it goes with --resume"),
        (("--resume", "no-such-run"), "no-such-run is no run: there is no such folder; "),
        (("--resume", "no-such-run", "--out", "x"), "--out does not go with --resume"),
        (("--list", "tony"), "no suite, policy or world is called 'tony'. Did you mean 'toy'?"),
        (("report", "no-such-run"), "no-such-run is no run: there is no such folder; "),
        (
            ("--policy", "armtrial.tests.worlds:CannotBeBuilt", "--suite", "toy"),
            "weights.safetensors is missing (worlds",
        ),
        (("--policy", "toy", "--suite", "armtrial.tests.worlds:BROKEN"), "the world could not start"),
        (("--policy", "toy", "--suite", "armtrial.policies.toy:Toy"), "a suite is an instance of"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_status_2(
    words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(capsys, *words)
    assert status == 2
    assert err.startswith("armtrial: ")
    assert line in err
    assert len(err.splitlines()) == 1


def test_a_mismatch_stops_before_the_first_trial_and_shows_both_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--policy", "armtrial.tests.worlds:WrongCamera", "--suite", "toy", *quick("--out", str(tmp_path / "run")))
    status, _, err = said(capsys, *words)
    assert status == 2
    assert "it looks at camera 'top', the world has (front, wrist)" in err
    assert "it reads the state (jaw, x), the world gives (x, jaw)" in err
    assert not (tmp_path / "run").exists()


def test_an_error_gives_status_1_and_stands_in_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--policy", "armtrial.tests.worlds:Raises", "--suite", "toy", *quick("--out", str(tmp_path / "run")))
    status, out, err = said(capsys, *words)
    assert status == 1
    assert "1 ERROR (policy)" in out
    assert "ERROR toy-v1.reach.001 (take 1) policy: RuntimeError: CUDA out of memory" in err


def test_json_prints_the_scores_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--policy", "toy", "--suite", "toy", "--json", "--quiet", *quick("--out", str(tmp_path / "run")))
    _, out, err = said(capsys, *words)
    assert json.loads(out)["results"]["all"]["success"]["k"] == 6
    assert err == ""


def test_a_report_is_rebuilt_from_the_records_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "--policy", "random", "--suite", "toy", *quick("--out", str(tmp_path / "run")))
    files = [tmp_path / "run" / name for name in ("scores.json", "report.md", "report.html")]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    status, _, _ = said(capsys, "report", str(tmp_path / "run"))
    assert status == 0
    assert [file.read_bytes() for file in files] == before


def test_a_dry_run_names_the_trials_and_plays_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--policy", "toy", "--suite", "toy", "--dry-run", *quick("--out", str(tmp_path / "run")))
    status, out, _ = said(capsys, *words)
    assert status == 0
    assert out.splitlines()[0] == "toy-v1.reach.000  seed 197534819309952"
    assert not (tmp_path / "run").exists()


def test_list_shows_every_table_and_every_argument(capsys: pytest.CaptureFixture[str]) -> None:
    _, everything, _ = said(capsys, "--list")
    assert all(word in everything for word in ("suites:", "policies:", "worlds:", "  replay ", "  line "))
    _, random, _ = said(capsys, "--list", "random")
    assert "--policy-arg horizon=10" in random


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("armtrial.tasks.toy:TOY", "suite toy: v1, "),
        ("armtrial.envs.line:LineEnv", "world armtrial.envs.line:LineEnv"),
        ("armtrial.policies.toy:Toy", "policy armtrial.policies.toy:Toy"),
    ],
)
def test_list_knows_what_something_of_ones_own_is(place: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "--list", place)
    assert (status, out[: len(what)]) == (0, what)


@pytest.mark.parametrize("words", [("--list",), ("--list", "toy"), ("--policy", "toy", "--suite", "toy", "--dry-run")])
def test_an_answer_that_cannot_be_written_is_one_line(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        line = [sys.executable, str(ROOT / "run_eval.py"), *words]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.stderr == "armtrial: the answer could not be written: No space left on device\n"
    assert done.returncode == 2


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    line = f"{sys.executable} {ROOT / 'run_eval.py'} --policy toy --suite toy --dry-run"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {line} | head -1"], capture_output=True, text=True)
    assert (done.returncode, done.stdout[:16]) == (0, "toy-v1.reach.000")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_by_examples_and_says_its_statuses(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    told = capsys.readouterr().out
    assert "examples:" in told
    assert "exit status: 0 " in told


def test_failures_are_filmed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--policy", "blind", "--suite", "toy", "--task", "reach", "--episodes", "2", "--workers", "0")
    said(capsys, *words, "--out", str(tmp_path / "run"))
    films = sorted(path.name for path in (tmp_path / "run" / "videos").iterdir())
    assert films == ["toy-v1.reach.000.mp4", "toy-v1.reach.001.mp4"]


def test_help_teaches_and_takes_less_than_half_a_second() -> None:
    """Of a core, so that a machine with other work makes no difference."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, str(ROOT / "run_eval.py"), "--help"], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "examples:" in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_help_names_every_command_with_a_line_on_each(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    _, _, told = capsys.readouterr().out.partition("commands (armtrial COMMAND --help):")
    assert [line.split(maxsplit=1)[0] for line in told.strip().splitlines()] == list(COMMANDS)
    assert all(line.endswith(".") for line in told.strip().splitlines())


@pytest.mark.parametrize("words", [["--help"], ["eval", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from armtrial.evaluators.cli import main\n"
        f"try: main({words})\n"
        "except SystemExit: print([m for m in ('numpy', 'torch', 'mujoco', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"
