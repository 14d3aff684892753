"""`armtrial view`: the start of a trial in MuJoCo's own window, to be looked at from all sides."""

import argparse
import os
import time
from collections.abc import Sequence
from typing import Any

from ..tasks.base import Trial
from .config import RunConfig
from .errors import UserError
from .ground import prepare


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError("there is no screen to open a window on (DISPLAY is not set); `armtrial shots` writes pictures")
    os.environ["MUJOCO_GL"] = "glfw"
    ground = prepare(RunConfig(policy="hold", suite=flags.suite, task=(flags.task,), workers=0, video="none"))
    if ground.suite.env != "so100":
        raise UserError(
            f"suite '{flags.suite}' is played in the world '{ground.suite.env}'; only the twin has a window"
        )
    _show(ground.source.build(), Trial("eval", ground.suite.name, ground.suite.version, flags.task, flags.trial))
    return 0


def _show(env: Any, trial: Trial) -> None:
    """Holds the pose; whatever is dragged with the mouse moves."""
    import mujoco.viewer

    env.reset(trial)
    hold = env.observe({}).state.clip(env.action_spec.low, env.action_spec.high)
    with mujoco.viewer.launch_passive(*env.inside()) as window:
        while window.is_running():
            began = time.perf_counter()
            env.step(hold)
            window.sync()
            time.sleep(max(0.0, 1 / env.action_spec.rate - (time.perf_counter() - began)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="armtrial view",
        description="Opens the start of a trial in MuJoCo's viewer. Things can be dragged with Ctrl and the mouse.",
        epilog="example: armtrial view --task pen --suite multi --trial 3",
    )
    parser.add_argument("--task", required=True, metavar="T", help="block, strawberry or pen")
    parser.add_argument("--suite", default="single", metavar="S", help="default: single")
    parser.add_argument("--trial", type=int, default=0, metavar="K", help="index of the trial (default: 0)")
    return parser
