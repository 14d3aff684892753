"""`armtrial view`: the start of a trial in MuJoCo's own window, to be looked at from all sides."""

import os
import time
from collections.abc import Sequence
from typing import Any

from ..envs.gl import probe
from ..tasks.base import Trial
from .config import RunConfig
from .errors import UserError
from .flags import Parser, world_flags, world_of
from .ground import prepare

EXAMPLES = """\
examples:
  %(prog)s --task pen --suite multi --trial 3
  %(prog)s --task block --look pretty

exit status: 0 looked at; 2 something you can mend, said in one line
"""


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError("there is no screen to open a window on (DISPLAY is not set); `armtrial shots` writes pictures")
    _check_window()
    os.environ["MUJOCO_GL"] = "glfw"
    given = world_of(flags)
    ground = prepare(RunConfig(policy="hold", suite=flags.suite, task=(flags.task,), workers=0, **given))
    if ground.suite.env != "so100":
        raise UserError(
            f"suite '{flags.suite}' is played in the world '{ground.suite.env}'; only the twin has a window"
        )
    _show(ground.source.build(), Trial("eval", ground.suite.name, ground.suite.version, flags.task, flags.trial))
    return 0


def _check_window() -> None:
    """A window is GLFW's, whatever draws the pictures of runs."""
    found = probe("glfw", os.environ)
    if found.failure:
        raise UserError(
            f"MuJoCo's window is drawn by GLFW, which does not work on this screen ({found.failure}); "
            "`armtrial shots` writes pictures, `armtrial doctor` says what is missing"
        )


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


def _parser() -> Parser:
    parser = Parser(
        "armtrial view",
        "Opens the start of a trial in MuJoCo's viewer. Things can be dragged with Ctrl and the mouse.",
        EXAMPLES,
    )
    parser.add_argument("--task", required=True, metavar="T", help="block, strawberry or pen")
    parser.add_argument("--suite", default="single", metavar="S", help="default: single")
    parser.add_argument("--trial", type=int, default=0, metavar="K", help="index of the trial (default: 0)")
    world_flags(parser)
    return parser
