"""A run that has been played, as far as it was: its folder, read."""

from dataclasses import dataclass
from pathlib import Path

from ..tasks.base import Outcome
from .folder import read_info, read_records
from .metrics import Clocks, Scores, clocks, last_takes, scores
from .records import EpisodeRecord, RunInfo
from .summary import scores_json
from .traces import Trace, read_traces


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has been played, as far as it was."""

    folder: Path
    info: RunInfo
    records: tuple[EpisodeRecord, ...]

    @property
    def traces(self) -> dict[str, Trace]:
        """What `steps/` tells of every trial."""
        return read_traces(self.folder, self.info, self.records)

    @property
    def scores(self) -> Scores:
        info = self.info
        return scores(self.records, info.tasks, info.trials, self.traces, info.chains, info.last_stages)

    @property
    def clocks(self) -> Clocks:
        return clocks(self.records, self.info.tasks, self.info.rate, self.traces)

    @property
    def broken(self) -> bool:
        """Some trial ended in ERROR, in the take that counts."""
        return any(record.result.outcome is Outcome.ERROR for record in last_takes(self.records))

    @property
    def summary(self) -> bytes:
        """scores.json"""
        return scores_json(self.info, self.scores, self.clocks)


def load(path: Path) -> Run:
    """A run from its folder, finished or not."""
    info = read_info(path)
    return Run(path, info, tuple(read_records(path)))
