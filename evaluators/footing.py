"""Whether the ground under a gate is the one that its baseline was made on: asked of the world, here and now."""

from dataclasses import dataclass
from pathlib import Path

from .baseline import Baseline, Canary
from .baselining import check_version, provenance_of, without_policy
from .canary import Heard, Song, moved, replay
from .config import RunConfig
from .errors import Mismatch
from .ground import Ground
from .paired import world_arguments
from .played import Run
from .records import Provenance

ARGUMENTS = "world's arguments"
"""Which a user gives, where everything else that may differ is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A trial that the world answers otherwise than it did."""

    trial: str
    what: tuple[str, ...]
    """start, picture of ..., physics."""
    fault: str
    """Why it could not be replayed to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """What the canaries tell of the ground."""

    canaries: int
    pictures: int
    moved: tuple[Moved, ...]
    differs: tuple[str, ...]
    """What the baseline was made with and this is not; it explains a ground that moved, and is no fault by itself."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What moved anywhere."""
        return tuple(dict.fromkeys(what for each in self.moved for what in each.what))


def footing(baseline: Baseline, file: Path, config: RunConfig, workers: int = 1) -> Footing:
    """Replays the baseline's canaries in the world that the run of this config is played in, now and here."""
    ground = without_policy(config)
    check_version(ground, baseline.suite, baseline.version, str(file))
    songs = [Song(baseline.trials[canary.trial], canary.actions.actions) for canary in baseline.canaries]
    heard = replay(ground.source, songs, baseline.cameras, workers)
    found = tuple(_moved(canary, each) for canary, each in zip(baseline.canaries, heard))
    return Footing(
        canaries=len(baseline.canaries),
        pictures=sum(len(canary.pictures) for canary in baseline.canaries),
        moved=tuple(each for each in found if each.what),
        differs=differences(baseline, config, ground),
    )


def _moved(canary: Canary, heard: Heard) -> Moved:
    return Moved(trial=canary.trial, what=moved(canary, heard), fault=heard.fault)


def differences(baseline: Baseline, config: RunConfig, ground: Ground) -> tuple[str, ...]:
    before, now = _made_with(baseline.provenance), _made_with(provenance_of(ground))
    pairs = {what: (before[what], now[what]) for what in before}
    pairs[ARGUMENTS] = ", ".join(world_arguments(baseline.config)), ", ".join(world_arguments(config))
    return tuple(
        f"{what}: {was or 'none'} -> {there or 'none'}" for what, (was, there) in pairs.items() if was != there
    )


def _made_with(made: Provenance) -> dict[str, str]:
    files = ", ".join(f"{name} {known[:12]}" for name, known in sorted(made.files.items()))
    return {
        "renderer": made.renderer,
        "MuJoCo": made.packages.get("mujoco", ""),
        "numpy": made.packages.get("numpy", ""),
        "CPU": made.machine.get("cpu", ""),
        "system": made.machine.get("system", ""),
        "armtrial": made.packages.get("armtrial", ""),
        "commit": made.commit,
        "world's files": files,
        "upstream": ", ".join(f"{name} {commit}" for name, commit in sorted(made.upstream.items())),
    }


def check_place(run: Run) -> None:
    """The canaries speak for this process alone: a run that was drawn or simulated otherwise has another ground."""
    here = _made_with(provenance_of(without_policy(run.info.config)))
    there = _made_with(run.info.provenance)
    for what in ("renderer", "MuJoCo", "upstream"):
        if there[what] != here[what]:
            raise Mismatch(
                f"{run.folder} was played with another {what} ({there[what] or 'none'}) than there is here "
                f"({here[what] or 'none'}), where the ground is tested. Judge a run where it was played"
            )
