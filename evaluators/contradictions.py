"""What a baseline says of one trial in several ways, which must agree: a line that a person has changed shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..tasks.base import STAGES, Outcome
from .errors import FolderError

if TYPE_CHECKING:
    from .baseline import Canary, Kept


def check_sense(file: Path, results: Iterable[tuple[str, Kept]], canaries: Sequence[Canary]) -> None:
    """`results`: by the trial's id."""
    replayed = {canary.trial: canary for canary in canaries}
    for trial, kept in results:
        wrong = _within(kept) or _against(kept, replayed.get(trial))
        if wrong:
            raise FolderError(
                f"{file} contradicts itself at {trial}: {wrong}. A baseline is not edited by hand: take it from the "
                f"repository again, or write it anew: armtrial baseline RUN --out {file} --force"
            )


def _within(kept: Kept) -> str:
    """What a result says against itself; empty where it makes sense."""
    outcome = f"outcome '{kept.outcome.value}'"
    if kept.first_attempt and kept.outcome is not Outcome.SUCCESS:
        return f"{outcome}, and yet first_attempt is true"
    if kept.label and kept.outcome is Outcome.SUCCESS:
        return f"{outcome}, and yet a label that says why it failed: '{kept.label}'"
    if (kept.error is None) is (kept.outcome is Outcome.ERROR):
        return f"{outcome}, and yet error is {'null' if kept.error is None else repr(kept.error.value)}"
    if kept.progress is not None and not 0 <= kept.progress <= 1:
        return f"progress is {kept.progress:g}, which lies between 0 and 1"
    if min(kept.attempts, kept.index) < 0:
        return f"index {kept.index} and attempts {kept.attempts}, which are counted from 0"
    strange = [stage for stage in kept.stages if stage not in STAGES]
    return f"there is no stage '{strange[0]}', only {', '.join(STAGES)}" if strange else ""


def _against(kept: Kept, canary: Canary | None) -> str:
    """What it says against the actions that are kept of the same trial, of which a whole one is played again."""
    if canary is None:
        return ""
    if kept.outcome not in (Outcome.SUCCESS, Outcome.FAILURE):
        return f"outcome '{kept.outcome.value}', and yet actions that play it to its end"
    hashes = (("start", kept.start, canary.start), ("end", kept.end, canary.end))
    for name, ours, theirs in hashes:
        if ours != theirs:
            return f"its {name} is {ours[:12] or 'empty'} in its result and {theirs[:12] or 'empty'} with its actions"
    return ""
