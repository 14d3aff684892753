"""Whether a run may be held against a baseline: the same trials in the same world, and no more of them broken."""

from collections.abc import Sequence
from pathlib import Path

from ..tasks.base import Outcome
from .baseline import Baseline
from .errors import Mismatch, UserError
from .paired import played
from .played import Run
from .records import EpisodeRecord
from .takes import last_takes


def fitting(baseline: Baseline, file: Path, run: Run) -> dict[str, EpisodeRecord]:
    """The run's takes by trial, if they are those of the baseline."""
    for what, of_baseline, of_run in _ground(baseline, run):
        if of_baseline != of_run:
            raise Mismatch(
                f"{file} and {run.folder} differ in the {what}: {of_baseline or 'none'} and {of_run or 'none'}. Only a "
                "run over the same trials can be held against a baseline; make one of this run by armtrial baseline"
            )
    takes = {take.id: take for take in played(run)}
    way_out = (
        f"armtrial --resume {run.folder} plays on what stopped; armtrial gate --baseline {file} plays what the "
        "baseline has; armtrial baseline makes one of this run"
    )
    check_trials(file, baseline.ids, str(run.folder), list(takes), way_out)
    _check_errors(baseline, file, run)
    return takes


def _ground(baseline: Baseline, run: Run) -> list[tuple[str, str, str]]:
    info = run.info
    return [
        ("suite", baseline.suite, info.suite),
        ("suite's version", f"v{baseline.version}", f"v{info.suite_version}"),
        ("seed domain", baseline.domain, info.config.seed_domain),
        ("world", baseline.env, info.env),
        ("variation", baseline.config.variation, info.config.variation),
    ]


def check_trials(file: Path, known: Sequence[str], whose: str, there: Sequence[str], way_out: str) -> None:
    missing = [trial for trial in known if trial not in there]
    if missing:
        raise UserError(
            f"{whose} lacks {len(missing)} of the {len(known)} trials of {file}, the first of them {missing[0]}. "
            f"{way_out}"
        )
    more = [trial for trial in there if trial not in known]
    if more:
        raise UserError(
            f"{file} lacks {len(more)} of the {len(there)} trials of {whose}, the first of them {more[0]}. {way_out}"
        )


def _check_errors(baseline: Baseline, file: Path, run: Run) -> None:
    """Errors count as not succeeded, so that more of them would look like a worse policy."""
    broken = [take for take in last_takes(run.records) if take.result.outcome is Outcome.ERROR]
    before = sum(kept.outcome is Outcome.ERROR for kept in baseline.results)
    if len(broken) <= before:
        return
    error = broken[0].result.error
    why = f" ({error.origin.value}: {error.kind}: {error.message})" if error else ""
    raise Mismatch(
        f"{run.folder} has {len(broken)} ERROR trials, {file} has {before}; the first of them is {broken[0].id}{why}. "
        "An ERROR counts as not succeeded, but tells of something broken and not of a worse policy: mend it and play "
        f"them again by armtrial --resume {run.folder} --retry-errors"
    )
