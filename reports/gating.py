"""`armtrial gate`: holds a run against a baseline, says what it found, and ends with the status for CI."""

import os
from argparse import SUPPRESS, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..evaluators.errors import UserError
from ..evaluators.flags import PLAYED, Parser, called_by, pace_flags, policy_flags, world_flags
from ..evaluators.interrupts import Stopped
from ..evaluators.output import show, tell

if TYPE_CHECKING:
    from ..evaluators.baseline import Baseline
    from ..evaluators.config import RunConfig
    from ..evaluators.gate import Gate
    from ..evaluators.played import Run

REGRESSION, GROUND_MOVED = 1, 3
EXAMPLES = """\
examples:
  %(prog)s runs/x --baseline gate/single.json              is this run worse than the baseline?
  %(prog)s --baseline gate/single.json --policy mine --out runs/x
                                                           play the baseline's trials first
  %(prog)s runs/x --baseline gate/single.json --rebase     where the ground moved, write a new baseline beside it
  %(prog)s runs/x --baseline gate/single.json --markdown gate.md --junit gate.xml && cat gate.md >> report.md

First the ground: actions of the baseline are replayed here and now. If start, pictures or physics are not to the bit
what they were, nothing is said of the policy. Then exact one-sided McNemar tests, of all trials and of each task.

exit status: 0 no drop is shown, or re-based; 1 a regression; 2 something you can mend, said in one line;
             3 the ground moved; 130 interrupted (the command to go on with is printed)
"""


def run(words: Sequence[str]) -> int:
    flags = _parser().parse_args(words)
    _check(flags)
    try:
        found = _found(flags)
    except KeyboardInterrupt as stop:
        raise Stopped(_how_to_go_on(flags, getattr(stop, "folder", None))) from None
    _publish(flags, found)
    return _status(found)


def _parser() -> Parser:
    parser = Parser("armtrial gate", "Holds a run against a baseline.", EXAMPLES)
    parser.add_argument("run", nargs="?", type=Path, help="the run's folder; none: the baseline's trials are played")
    parser.add_argument("--baseline", metavar="FILE", type=Path, required=True, help="made by armtrial baseline")
    parser.add_argument("--alpha", metavar="A", type=float, default=0.01, help="rate of false alarms (default: 0.01)")
    parser.add_argument(
        "--min-drop", metavar="POINTS", type=float, default=3.0, help="smaller drops do not matter (default: 3)"
    )
    parser.add_argument(
        "--rebase",
        metavar="FILE",
        nargs="?",
        const="",
        help="where the ground moved, write a new baseline there (default: beside the old one; the old one: over it)",
    )
    parser.add_argument(
        "--workers", metavar="N", type=int, help="worlds side by side (default: cores; 1 with --realtime)"
    )
    _playing_flags(parser.add_argument_group("where the trials are played first"))
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the summary there")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML there")
    parser.add_argument("--json", action="store_true", help="print figures instead of the table")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")
    return parser


def _playing_flags(group: Any) -> None:
    group.add_argument("--policy", metavar="P", default=SUPPRESS, help="(default: the baseline's)")
    policy_flags(group)
    world_flags(group)
    group.add_argument("--execute", metavar="N", type=int, help="at most N actions of a plan are executed")
    pace_flags(group)
    group.add_argument("--out", metavar="DIR", type=Path, help="folder of the run")


_OF_POLICY = ("policy_arg", "checkpoint", "device", "url", "size", "execute", "wrap")
_OF_WORLD = ("env_arg", "look", "robot_model", "calvin_root")
_PACE = ("realtime", "latency")
_PLAYED = ("policy", "policy_arg", "checkpoint", "device", "url", "execute", "wrap", *_PACE, *_OF_WORLD)


def _given(flags: Namespace) -> dict[str, Any]:
    """A pace of 0 seconds is said; a flag that was left out is not."""
    there = {name: getattr(flags, name, None) for name in _PLAYED}
    return {name: value for name, value in there.items() if value is not None and value is not False}


def _check(flags: Namespace) -> None:
    if flags.workers is not None and flags.workers < 1:
        raise UserError(f"--workers {flags.workers}: give the number of worlds that play side by side, 1 or more")
    _check_writable("--markdown", flags.markdown, "gate.md")
    _check_writable("--junit", flags.junit, "gate.xml")
    given = [*_given(flags), *(["out"] if flags.out is not None else [])]
    if flags.run is not None and given:
        raise UserError(
            f"--{given[0].replace('_', '-')} says how trials are played, and {flags.run} has been; leave out the one "
            "or the other"
        )


def _check_writable(flag: str, file: Path | None, usual: str) -> None:
    """Before anything is played: what came out of it must not be lost for want of a place."""
    if file is None:
        return
    if file.is_dir():
        raise UserError(f"{flag} {file} is a folder; name a file in it, as {file / usual}")
    nearest = next(folder for folder in file.absolute().parents if folder.exists())
    if not nearest.is_dir() or not os.access(file if file.exists() else nearest, os.W_OK):
        raise UserError(f"{flag} {file} cannot be written: {nearest} does not allow it; name a file elsewhere")


def _found(flags: Namespace) -> "Gate":
    """The run is asked whether it fits before the ground is, which takes longer; both before anything is played."""
    from ..evaluators.baseline import read
    from ..evaluators.drop import Rules
    from ..evaluators.fitting import fitting
    from ..evaluators.footing import check_place, footing
    from ..evaluators.gate import gate, stopped
    from ..evaluators.played import load

    rules = Rules(alpha=flags.alpha, min_drop=flags.min_drop / 100)
    baseline = read(flags.baseline)
    run = None if flags.run is None else load(flags.run)
    if run is not None:
        fitting(baseline, flags.baseline, run)
        check_place(run)
    config = _config(flags, baseline) if run is None else run.info.config
    ground = footing(baseline, flags.baseline, config, flags.workers or os.cpu_count() or 1)
    if run is None and ground.moved and flags.rebase is None:
        return stopped(baseline, flags.baseline, config, ground, rules)
    played = run or _played(flags, baseline, config)
    found = gate(baseline, flags.baseline, played, ground, rules)
    return _rebased(flags, baseline, played, found) if ground.moved and flags.rebase is not None else found


def _config(flags: Namespace, baseline: "Baseline") -> "RunConfig":
    """Another policy has arguments of its own; the same one has those of the baseline, unless they are said anew."""
    from ..evaluators.config import RunConfig
    from ..evaluators.ground import portable
    from ..evaluators.pace import Pace

    given = _given(flags)
    defaults = RunConfig(policy="", suite="")
    another = {name: getattr(defaults, name) for name in _OF_POLICY} if "policy" in given else {}
    if "realtime" in given or "latency" in given:
        another |= {"realtime": False, "latency": None}  # the one takes the place of the other
    config = portable(replace(baseline.config, video="none", **(another | given)))
    cores = 1 if Pace(config.realtime, config.latency).measured else os.cpu_count() or 1
    return replace(config, workers=flags.workers or cores)


def _played(flags: Namespace, baseline: "Baseline", config: "RunConfig") -> "Run":
    from ..evaluators import api
    from ..evaluators.fitting import check_trials
    from ..evaluators.ground import prepare
    from ..evaluators.progress import watcher
    from .rebuild import rebuilt

    ground = prepare(config)
    way_out = "The suite has changed since: make a baseline of it as it is now, by armtrial baseline"
    there = [trial.id for trial in ground.trials]
    check_trials(flags.baseline, baseline.ids, f"the suite {baseline.suite}", there, way_out)
    run = api.start(ground, flags.out, watcher(flags.quiet))
    rebuilt(run)
    if not flags.quiet:
        tell(f"\n{run.folder}")
    return run


def _rebased(flags: Namespace, baseline: "Baseline", run: "Run", found: "Gate") -> "Gate":
    from ..evaluators.baseline import write
    from ..evaluators.baselining import baseline_of

    file = Path(flags.rebase) if flags.rebase else _beside(flags.baseline)
    write(baseline_of(run, len(baseline.canaries), flags.workers or os.cpu_count() or 1), file)
    return replace(found, rebased=str(file))


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.stem}.rebased{file.suffix}")


def _publish(flags: Namespace, found: "Gate") -> None:
    from ..evaluators.figures_json import as_json
    from ..evaluators.folder import RunFolder
    from .gate import markdown, terminal
    from .junit import junit

    answer = _Answer(found.status.value, _status(found), found)
    show(as_json(answer).decode().rstrip() if flags.json else terminal(found))
    for file, body in ((flags.markdown, markdown(found).encode()), (flags.junit, junit(found))):
        if file is not None:
            RunFolder(file.parent).write(file.name, body)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What --json prints."""

    status: str
    exit_status: int
    gate: "Gate"


def _status(found: "Gate") -> int:
    from ..evaluators.gate import Status

    return {Status.REGRESSION: REGRESSION, Status.GROUND_MOVED: GROUND_MOVED}.get(found.status, PLAYED)


def _how_to_go_on(flags: Namespace, folder: Path | None) -> str:
    if folder is None:
        return "\nStopped. Nothing was judged."
    begin = called_by()
    return (
        "\nStopped. Everything finished is kept; go on with\n"
        f"  {begin} --resume {folder}\n  {begin} gate {folder} --baseline {flags.baseline}"
    )
