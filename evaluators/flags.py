"""A parser of flags whose mistakes are told like all others: one line, with a did-you-mean."""

import argparse
import difflib
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .errors import UserError

PLAYED, SOME_ERROR, USER_CAN_MEND = 0, 1, 2
STATUSES = """\
exit status: 0 played; 1 some trial ended in ERROR; 2 something you can mend, said in one line;
             130 interrupted (the command to go on with is printed)
"""
LARGEST = 4096
"""Pixels along an edge of a picture."""


class Parser(argparse.ArgumentParser):
    """`epilog`: shown line by line, so that examples stay as they are written."""

    def __init__(self, prog: str, description: str, epilog: str, **settings: Any) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            **settings,
        )

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        flags, unknown = self.parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].partition("=")[0]
            close = difflib.get_close_matches(word, self._option_string_actions, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            self.error(f"{word} is not understood.{meant}")
        return flags

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message.rstrip('.?')}{message[-1] if message[-1] in '.?' else '.'} See {self.prog} --help")


class Repeatable(argparse.Action):
    """A flag that may come several times."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        setattr(namespace, self.dest, (*(getattr(namespace, self.dest, None) or ()), values))


def size(text: str) -> tuple[int, int]:
    """640x480 as (640, 480), whatever the numbers are."""
    found = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if found is None:
        raise UserError(f"--size {text}: give WxH in pixels, as 640x480")
    return int(found[1]), int(found[2])


def called_by() -> str:
    """How a person begins this command."""
    name = Path(sys.argv[0]).name
    return {
        "run_eval.py": "python run_eval.py",
        "__main__.py": "python -m armtrial",
        "armtrial.py": "python -m armtrial",
    }.get(name, "armtrial")


def trial_flags(group: Any) -> None:
    """Which trials, for the commands that play some."""
    group.add_argument("--suite", metavar="S", help="a name from --list, ./file.py:SUITE, or package.module:SUITE")
    group.add_argument("--task", metavar="T", action=Repeatable, help="only this task of the suite; repeatable")
    group.add_argument("--episodes", metavar="N", type=int, help="trials per task (default: the suite's own)")


def policy_flags(group: Any) -> None:
    """What is handed to a policy. Whether it takes it is asked when it is known."""
    group.add_argument(
        "--policy-arg", metavar="K=V", action=Repeatable, help="handed to the policy (--list NAME: its own); repeatable"
    )
    group.add_argument("--checkpoint", metavar="PATH", help="its weights: short for --policy-arg checkpoint=PATH")
    group.add_argument(
        "--device", metavar="NAME", help="what it computes on, as cuda:0: short for --policy-arg device="
    )
    group.add_argument(
        "--url",
        metavar="URL",
        action=Repeatable,
        help="the server that answers: short for --policy-arg url=; repeatable",
    )


def world_flags(group: Any) -> None:
    """What is handed to a world."""
    group.add_argument(
        "--env-arg", metavar="K=V", action=Repeatable, help="handed to the world (--list NAME: its own); repeatable"
    )
    group.add_argument("--look", metavar="NAME", help="how the world is drawn: short for --env-arg look=NAME")
    group.add_argument(
        "--robot-model", metavar="FILE", help="another robot in it: short for --env-arg robot_model=FILE"
    )
    group.add_argument(
        "--calvin-root",
        metavar="DIR",
        help="checkout of calvin_env (default: CALVIN_ROOT): short for --env-arg calvin_root=DIR",
    )


def pace_flags(group: Any) -> None:
    """What is put around a policy, and whether the world waits for it."""
    wrap_flag(group, "--wrap", "the policy")
    group.add_argument(
        "--realtime", action="store_true", help="the world goes on while the policy thinks, for as long as it takes"
    )
    group.add_argument(
        "--latency", metavar="S", type=float, help="as --realtime, but every plan takes S seconds, so that runs repeat"
    )


def wrap_flag(group: Any, name: str, what: str, **settings: Any) -> None:
    group.add_argument(
        name,
        metavar="NAME[=X]",
        action=Repeatable,
        help=f"put around {what}, innermost first; repeatable: clip, delay=TICKS, noise=SHARE, ensemble[=M], "
        "blend=TICKS, stamp, threshold, takeover=SECONDS",
        **settings,
    )


def measured(given: Mapping[str, Any]) -> bool:
    """Plans take as long as this machine takes, so that worlds side by side would slow each other's policy."""
    return bool(given.get("realtime")) and given.get("latency") is None


def real_flags(group: Any) -> None:
    """The arm in place of the suite's own world."""
    group.add_argument("--env", choices=("sim", "real"), help="real: on a real SO-100 or SO-101 (default: sim)")
    group.add_argument("--port", metavar="P", help="its serial port, or twin: the same driver on an arm of software")
    group.add_argument("--front", metavar="CAMERA", help="its camera at the table, by number or path")
    group.add_argument("--wrist", metavar="CAMERA", help="its camera at the hand, by number or path")
    group.add_argument("--console", metavar="TTY", help="the terminal that asks the operator (default: this one)")
    group.add_argument(
        "--yes",
        action="store_true",
        help="with --port twin: nobody is asked, its rubric judges; and nobody watches, so that it goes as fast as it "
        "can, unless --realtime",
    )


def world_of(flags: argparse.Namespace) -> dict[str, Any]:
    """What `world_flags` were given, as fields of a config."""
    given = ("env_arg", "look", "robot_model", "calvin_root")
    return {name: value for name in given if (value := getattr(flags, name, None))}
