"""`armtrial duel`: plays, shows how it stands, and says in the end what may be said."""

import os
import shlex
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..evaluators.config import RunConfig
from ..evaluators.errors import UserError
from ..evaluators.flags import (
    PLAYED,
    SOME_ERROR,
    Parser,
    Repeatable,
    called_by,
    measured,
    pace_flags,
    trial_flags,
    world_flags,
    world_of,
    wrap_flag,
)
from ..evaluators.interrupts import Stopped
from ..evaluators.output import show, tell

if TYPE_CHECKING:
    from ..evaluators.duel import Duel

EXAMPLES = """\
examples:
  %(prog)s --policy toy --policy random --suite toy               until one is better, or none by 10 points
  %(prog)s --policy mine --policy theirs --suite single --episodes 100 --out duels/x
  %(prog)s --policy rynnvla --policy rynnvla --suite single --a-checkpoint old --b-checkpoint new
  %(prog)s --policy toy --policy toy --suite toy --b-arg horizon=5 --margin 5
  %(prog)s --policy mine --policy mine --suite single --b-wrap ensemble --latency 0.2

The same command with the same --out goes on after Ctrl-C. The runs lie in DIR/a and DIR/b, for report and compare.

exit status: 0 played, whoever won; 1 some trial ended in ERROR; 2 something you can mend, said in one line;
             130 interrupted (the command to go on with is printed)
"""
SECONDS_BETWEEN_LINES = 2.0


def run(words: Sequence[str]) -> int:
    flags = _parser().parse_args(words)
    configs = _configs(flags)
    _check(flags)
    out = flags.out or _named_after(flags.policy)
    try:
        return _fought(flags, configs, out)
    except KeyboardInterrupt:
        more = [] if flags.out else ["--out", str(out)]
        again = shlex.join([*called_by().split(), "duel", *words, *more])
        raise Stopped(f"\nStopped. Everything finished is kept; go on with\n  {again}") from None


def _fought(flags: Namespace, configs: Sequence[RunConfig], out: Path) -> int:
    from ..evaluators.duel import Rules, duel, has_errors
    from .rebuild import rebuilt

    rules = Rules(alpha=flags.alpha, margin=flags.margin / 100)
    found, runs = duel(configs, out, rules, _silent if flags.quiet else _Told())
    for each in runs:
        rebuilt(each)
    _publish(flags, found, out)
    return SOME_ERROR if has_errors(runs) else PLAYED


def _publish(flags: Namespace, found: "Duel", out: Path) -> None:
    from ..evaluators.figures_json import as_json
    from ..evaluators.folder import RunFolder
    from .duel import markdown, terminal

    figures = as_json(found)
    RunFolder(out).write("duel.json", figures)
    RunFolder(out).write("duel.md", markdown(found).encode())
    show(figures.decode().rstrip() if flags.json else terminal(found))
    if not flags.quiet:
        tell(f"\n{out}")


def _parser() -> Parser:
    parser = Parser("armtrial duel", "Plays two policies in turns until enough has been seen.", EXAMPLES)
    parser.add_argument("--policy", metavar="P", action=Repeatable, default=(), help="A, and once more B")
    for side in "ab":
        _side_flags(parser, side)
    trial_flags(parser)
    parser.add_argument("--variation", metavar="NAME", default="", help="the same starts, changed, for both")
    world_flags(parser)
    parser.add_argument("--margin", metavar="POINTS", type=float, default=10.0, help="what matters (default: 10)")
    parser.add_argument("--alpha", metavar="A", type=float, default=0.05, help="rate of false alarms (default: 0.05)")
    group = parser.add_argument_group("how both are played")
    group.add_argument("--execute", metavar="N", type=int, default=20, help="at most N actions of a plan (default: 20)")
    pace_flags(group)
    parser.add_argument(
        "--workers", metavar="N", type=int, help="worlds of each side (default: cores; 1 with --realtime)"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder (default: runs/<utc>-duel-<A>-<B>)")
    parser.add_argument("--json", action="store_true", help="print duel.json instead of the table")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")
    return parser


def _side_flags(parser: Parser, side: str) -> None:
    name = side.upper()
    parser.add_argument(f"--{side}-arg", metavar="K=V", action=Repeatable, default=(), help=f"handed to {name}")
    parser.add_argument(f"--{side}-checkpoint", metavar="PATH", default="", help=f"weights of {name}")
    parser.add_argument(f"--{side}-device", metavar="NAME", default="", help=f"what {name} computes on")
    wrap_flag(parser, f"--{side}-wrap", f"{name} alone, within what is put around both", default=())
    parser.add_argument(f"--{side}-url", metavar="URL", action=Repeatable, default=(), help=f"server of {name}")


def _configs(flags: Namespace) -> list[RunConfig]:
    if len(flags.policy) != 2 or flags.suite is None:
        raise UserError("a duel takes two policies and a suite: --policy toy --policy random --suite toy; see --list")
    return [_config(flags, policy, side) for policy, side in zip(flags.policy, "ab")]


def _config(flags: Namespace, policy: str, side: str) -> RunConfig:
    return RunConfig(
        policy=policy,
        suite=flags.suite,
        policy_arg=getattr(flags, f"{side}_arg"),
        checkpoint=getattr(flags, f"{side}_checkpoint"),
        device=getattr(flags, f"{side}_device"),
        url=getattr(flags, f"{side}_url"),
        task=flags.task or (),
        episodes=flags.episodes,
        variation=flags.variation,
        execute=flags.execute,
        wrap=(*getattr(flags, f"{side}_wrap"), *(flags.wrap or ())),
        realtime=flags.realtime,
        latency=flags.latency,
        workers=flags.workers or (1 if measured(vars(flags)) else os.cpu_count() or 1),
        **world_of(flags),
    )


def _check(flags: Namespace) -> None:
    if not 0 < flags.alpha < 0.5:
        raise UserError(f"--alpha {flags.alpha:g}: the rate of false alarms lies between 0 and 0.5, as 0.05")
    if not 0 < flags.margin < 100:
        raise UserError(f"--margin {flags.margin:g}: give points of success rate between 0 and 100, as 10")


def _named_after(policies: Sequence[str]) -> Path:
    from ..evaluators.folder import safe

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path("runs") / "-".join([stamp, "duel", *(safe(name.rpartition(":")[2]) for name in policies)])


def _silent(found: "Duel") -> None: ...


class _Told:
    """How it stands after a round, in a line; where rounds are short, now and then."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, found: "Duel") -> None:
        from .duel import standing_line

        now = time.monotonic()
        if now >= self._next or found.over:
            self._next = now + SECONDS_BETWEEN_LINES
            tell(standing_line(found))
