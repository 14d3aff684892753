"""CALVIN's world over a real checkout, beside upstream's own: the same states, the same pictures, sooner."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import armtrial
from armtrial.envs.base import Played, Vector
from armtrial.envs.calvin.checkout import code_in
from armtrial.envs.calvin.guest import guest
from armtrial.envs.calvin.upstream import CAMERAS
from armtrial.envs.contract import check_env
from armtrial.envs.guests import Guest, GuestError
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.worker import BOOTSTRAP, EnvSource
from armtrial.evaluators import evaluate
from armtrial.tasks.base import End
from armtrial.tasks.calvin import CALVIN, SCENES, CalvinTask, chain_of, start_state
from armtrial.tests.bench.calvin import AIMS, OURS, THEIRS, actions, race
from armtrial.tests.bench.pace import ratio

pytestmark = pytest.mark.calvin
BLIND = "armtrial.tests.calvin_upstream:BlindUpstream"
TASK = CALVIN.tasks[0]
TRIALS = CALVIN.trials(20)
HOW = "clone github.com/mees/calvin_env, call `make calvin`, and set CALVIN_ROOT to the clone"


@pytest.fixture(scope="module")
def here() -> Guest:
    if not os.environ.get("CALVIN_ROOT"):
        pytest.skip(f"CALVIN_ROOT is not set: {HOW}")
    with suppress(GuestError):
        return guest({}, os.environ)
    pytest.skip(f"CALVIN_ROOT is set, but CALVIN cannot be played: see `armtrial doctor`, or {HOW}")


def source(here: Guest, place: str = OURS, task: CalvinTask | None = None) -> EnvSource:
    tasks = (task or TASK,)
    return EnvSource(place, tasks, dict(here.arguments), here.renderer.environ, here.interpreter)


@pytest.fixture(scope="module")
def ours(here: Guest) -> Iterator[RemoteEnv]:
    with closing(RemoteEnv(source(here))) as env:
        yield env


@pytest.fixture(scope="module")
def blind(here: Guest) -> Iterator[RemoteEnv]:
    with closing(RemoteEnv(source(here, BLIND))) as env:
        yield env


@pytest.fixture(scope="module")
def theirs(here: Guest) -> Iterator[RemoteEnv]:
    with closing(RemoteEnv(source(here, THEIRS))) as env:
        yield env


def stepped(env: RemoteEnv, action: Vector) -> tuple[object, ...]:
    step = env.step(action)
    return step.state.tolist(), step.events, step.progress


def scene_of(env: RemoteEnv) -> list[float]:
    return env.observe({}, privileged=True).privileged["scene"].tolist()


def end_of(env: RemoteEnv) -> str:
    return env.verdict(Played(False, End.TIMEOUT, "timeout", 0.0, 1)).end_hash


def played(env: RemoteEnv, index: int, number: int = 120) -> str:
    env.reset(TRIALS[index])
    for action in actions(index, number):
        env.step(action)
    return end_of(env)


@pytest.mark.slow
def test_the_world_keeps_the_contract(here: Guest) -> None:
    check_env(RemoteEnv(source(here)), TASK)


@pytest.mark.parametrize("index", range(20))
def test_a_trajectory_is_upstreams_to_the_last_bit(ours: RemoteEnv, blind: RemoteEnv, index: int) -> None:
    for env in (ours, blind):
        env.reset(TRIALS[index])
    for action in actions(index, 100):
        assert stepped(ours, action) == stepped(blind, action)
    assert scene_of(ours) == scene_of(blind)
    assert end_of(ours) == end_of(blind)


@pytest.mark.parametrize("index", range(3))
def test_pictures_are_upstreams_to_the_last_bit(ours: RemoteEnv, theirs: RemoteEnv, index: int) -> None:
    for env in (ours, theirs):
        env.reset(TRIALS[index])
    for action in actions(index, 5):
        seen, drawn = (env.observe(CAMERAS).images for env in (theirs, ours))
        assert all(np.array_equal(seen[name], drawn[name]) for name in CAMERAS)
        assert stepped(ours, action) == stepped(theirs, action)


def test_a_chain_ends_alike_twice_and_after_other_chains_and_in_another_process(here: Guest, ours: RemoteEnv) -> None:
    first, other, again = played(ours, 0), played(ours, 1), played(ours, 0)
    with closing(RemoteEnv(source(here))) as env:
        assert {first, again, played(env, 0)} == {first}
    assert other != first


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_loads_with_each_block_where_the_start_state_has_it(here: Guest, scene: str) -> None:
    orders = {"A": "pink blue red", "B": "red blue pink", "C": "blue red pink", "D": "red blue pink"}
    with closing(RemoteEnv(source(here, task=replace(TASK, scene=scene)))) as env:  # type: ignore[arg-type]
        env.reset(TRIALS[0])
        seen = env.observe(CAMERAS, privileged=True)
    wanted = start_state(chain_of(TRIALS[0]).situation).scene
    for place, colour in enumerate(orders[scene].split()):
        index = ["red", "blue", "pink"].index(colour)
        there, put = seen.privileged["scene"][6 + 6 * place :][:3], wanted[6 + 6 * index :][:3]
        assert there == pytest.approx(put, abs=0.01), colour
    assert seen.images["static"].std() > 20


def test_the_oracle_finds_what_was_done(here: Guest) -> None:
    done = subprocess.run(
        [here.interpreter, "-c", BOOTSTRAP.replace("envs.worker", "tests.calvin_upstream"), package(), root(here)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[bool]] = json.loads(done.stdout.splitlines()[-1])
    assert len(found) >= 10
    assert {name: fired for name, fired in found.items() if fired != [False, True]} == {}


def test_the_prompts_are_those_of_upstreams_file(here: Guest) -> None:
    file = Path(root(here), "calvin_models/conf/annotations/new_playtable_validation.yaml")
    if not file.is_file():
        pytest.skip("the prompts stand in a checkout of calvin, not of calvin_env: CALVIN_ROOT is the latter")
    lines = [line.partition(":") for line in file.read_text().splitlines() if ":" in line]
    upstream = {name: json.loads(words)[0] for name, _, words in lines}
    assert upstream == {name: CALVIN.tasks[0].asking(name) for name in upstream}  # type: ignore[attr-defined]
    assert len(upstream) == 34


@pytest.mark.slow
@pytest.mark.parametrize("chunk", AIMS)
def test_steps_are_so_many_times_as_fast_as_upstreams(here: Guest, chunk: int) -> None:
    ours, theirs = race(here).paces(OURS, THEIRS, chunk, 4)
    assert ratio(ours, theirs) >= AIMS[chunk]


def test_a_recorded_run_replays_to_the_same_end(here: Guest, tmp_path: Path) -> None:
    settings = {"episodes": 1, "workers": 1, "video": "none", "env_arg": (f"interpreter={here.interpreter}",)}
    first = evaluate("random", "calvin", out=tmp_path / "first", **settings)
    again = evaluate("replay", "calvin", out=tmp_path / "again", policy_arg=f"run={tmp_path / 'first'}", **settings)
    assert first.scores.tasks[0].chains is not None
    assert first.scores.tasks[0].chains.average.value == 0.0
    ends = [[record.result.end_hash for record in run.records] for run in (first, again)]
    assert ends[0] == ends[1]
    assert "egl" in first.info.provenance.renderer


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            "conf/scene/calvin_scene_D.yaml",
            r"does not build: ScannerError: .*calvin_scene_D.yaml.*; git -C .* checkout \.",
        ),
        ("data/blocks/block_blue_small.urdf", r"does not build: .*block_blue_small.urdf.*; git -C .* checkout \."),
        ("conf/tasks/new_playtable_tasks.yaml", r"does not build: ScannerError: .*new_playtable_tasks.yaml.*"),
        ("calvin_env/envs/tasks.py", r"cannot play CALVIN: ModuleNotFoundError: No module named 'a'; .*make calvin"),
    ],
)
def test_a_damaged_checkout_is_found_before_a_run(here: Guest, tmp_path: Path, file: str, said: str) -> None:
    copy = Path(shutil.copytree(code_in(root(here)), tmp_path / "copy", ignore=shutil.ignore_patterns(".git")))
    damage = {".yaml": "import a: b: c", ".py": "import a"}.get(Path(file).suffix)
    (copy / file).write_text(damage) if damage else (copy / file).unlink()
    with pytest.raises(GuestError, match=said):
        guest({"calvin_root": str(copy), "interpreter": here.interpreter}, {})


def package() -> str:
    return str(Path(armtrial.__path__[0]))


def root(here: Guest) -> str:
    return str(here.arguments["calvin_root"])
