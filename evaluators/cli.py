"""The command: finds what its first word means and runs it. It alone composes evaluators and reports."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .errors import UnknownName, UserError
from .flags import USER_CAN_MEND
from .interrupts import INTERRUPTED, Interrupts
from .output import show, tell

if TYPE_CHECKING:
    from .played import Run


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status of `armtrial ...`, `python -m armtrial ...` and `python run_eval.py ...`, which are one."""
    with Interrupts() as interrupts:
        return _answered(list(sys.argv[1:] if argv is None else argv), interrupts)
    tell(interrupts.words)
    return INTERRUPTED


def _answered(words: list[str], interrupts: Interrupts) -> int:
    try:
        try:
            return _called(words)
        finally:
            show("")
    except UserError as error:
        if interrupts.heard:
            raise
        tell(f"armtrial: {error}")
        return USER_CAN_MEND


def _called(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return _eval(words)
    if words[0] not in COMMANDS:
        raise UnknownName("command", words[0], COMMANDS)
    return COMMANDS[words[0]](words[1:])


def evaluate(policy: Any, suite: Any, **settings: Any) -> "Run":
    """As `api.evaluate`, and like the command it leaves report and films (`video="failures"`) beside the records."""
    from ..reports.rebuild import filmed, rebuilt
    from . import api

    run = api.evaluate(policy, suite, **settings)
    rebuilt(run)
    if run.info.config.video != "none":
        from .filming import film_run

        if film_run(run, quiet=True):
            filmed(run)
    return run


def _publish(run: "Run", as_json: bool) -> None:
    from ..reports.rebuild import publish

    publish(run, as_json)


def _filmed(run: "Run") -> None:
    from ..reports.rebuild import filmed

    filmed(run)


def _eval(words: Sequence[str]) -> int:
    """Plays a policy over a suite. A flag as the first word means this too."""
    from . import evaluation

    return evaluation.run(
        words,
        evaluation.Publish(_publish, _filmed),
        {name: command.__doc__ or "" for name, command in COMMANDS.items()},
    )


def _report(words: Sequence[str]) -> int:
    """Builds a run's scores and tables again, from its records alone."""
    from ..reports import rebuild

    return rebuild.run(words)


def _video(words: Sequence[str]) -> int:
    """Films trials of a run by replaying their actions."""
    from . import filming

    return filming.run(words, _filmed)


def _compare(words: Sequence[str]) -> int:
    """Compares runs over the same trials, pair by pair, or one run with counts of others."""
    from ..reports import comparing

    return comparing.run(words)


def _duel(words: Sequence[str]) -> int:
    """Plays two policies in turns until enough has been seen to tell which is better, or that none is."""
    from ..reports import dueling

    return dueling.run(words)


def _plan(words: Sequence[str]) -> int:
    """Says how many trials it takes to show a difference, and what a number of them can show."""
    from ..reports import planning

    return planning.run(words)


def _baseline(words: Sequence[str]) -> int:
    """Keeps what a run came to, for later runs to be held against."""
    from . import baselining

    return baselining.run(words)


def _gate(words: Sequence[str]) -> int:
    """Holds a run against a baseline: worse, no worse, or not to be told since the ground moved."""
    from ..reports import gating

    return gating.run(words)


def _collect(words: Sequence[str]) -> int:
    """Plays demonstrations to train on, from seeds that no evaluation uses."""
    from . import collect

    return collect.run(words)


def _train(words: Sequence[str]) -> int:
    """Trains a RynnVLA from demonstrations, step by step."""
    from . import train

    return train.run(words)


def _report_vae(words: Sequence[str]) -> int:
    """Measures what the ActionVAE of a checkpoint loses, in degrees and in trials."""
    from . import report_vae

    return report_vae.run(words)


def _fit_twin(words: Sequence[str]) -> int:
    """Finds the servos and the delay of a real arm from a log of its motion."""
    from . import fit_twin

    return fit_twin.run(words)


def _serve(words: Sequence[str]) -> int:
    """Puts a policy behind openpi's wire, for another environment, machine or client."""
    from . import serve

    return serve.run(words)


def _check_policy(words: Sequence[str]) -> int:
    """Asks a policy here and behind its server for the same plan, and names the mistake that lies between them."""
    from . import check_policy

    return check_policy.run(words)


def _shots(words: Sequence[str]) -> int:
    """Draws the starts of a suite, and a map of them."""
    from . import shots

    return shots.run(words)


def _view(words: Sequence[str]) -> int:
    """Shows the start of a trial in MuJoCo's own window."""
    from . import view

    return view.run(words)


def _doctor(words: Sequence[str]) -> int:
    """Says what this machine lacks, and the command that mends it."""
    from . import doctor

    return doctor.run(words)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "eval": _eval,
    "report": _report,
    "video": _video,
    "compare": _compare,
    "duel": _duel,
    "plan": _plan,
    "baseline": _baseline,
    "gate": _gate,
    "collect": _collect,
    "train": _train,
    "report-vae": _report_vae,
    "fit-twin": _fit_twin,
    "serve": _serve,
    "check-policy": _check_policy,
    "shots": _shots,
    "view": _view,
    "doctor": _doctor,
}
"""By first word. A command imports its modules when it runs; its docstring stands in the help."""
