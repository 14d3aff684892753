"""What a page says of its own ground: where its records come from, and what they cannot show."""

from collections.abc import Mapping

from ..evaluators.records import Provenance, Sitting
from .base import Report
from .evidence import Evidence
from .markup import Content, Markup, element
from .page import facts, table, wide

SITTINGS = ("sitting", "from", "to", "ended", "what changed", "command")


def provenance(report: Report, evidence: Evidence) -> list[Markup]:
    info = report.info
    first = info.provenance
    pairs: list[tuple[str, Content]] = [
        ("code", _code(first)),
        ("packages", _pairs(first.packages)),
        ("machine", _pairs(first.machine)),
        ("renderer", first.renderer or "none was needed"),
        ("upstream", _pairs(first.upstream)),
        ("files handed in", _pairs({name: f"sha256 {digest}" for name, digest in first.files.items()})),
        ("plans", "the same for the same query" if info.deterministic else "may differ each time they are asked for"),
        ("time", f"{report.clocks.wall_seconds:.1f} s of the clock in all trials, side by side or not"),
        ("records.jsonl", f"sha256 {evidence.sha256}" if evidence.sha256 else ""),
    ]
    rows = [_sitting(number, sitting, first) for number, sitting in enumerate(info.sittings, start=1)]
    return [facts(pairs), wide(table(SITTINGS, rows, kind="stack"), "sittings")]


def limits(report: Report, evidence: Evidence) -> list[Markup]:
    return [element("ul", *(element("li", line) for line in cautions(report)))]


def cautions(report: Report) -> list[str]:
    """In plain words; those that hold for this run."""
    shared = any(row.success_by_start is not None for row in report.scores.tasks)
    lines = [
        "The figures are of this policy with this checkpoint on these trials. Whether the recipe that trained it is a "
        "good one takes several trainings.",
        "Intervals take trials as independent of each other"
        + (", but for those that share a start, as said beneath the table." if shared else ".")
        + " Each interval is for its own figure: of many of them some are wrong.",
        "A simulation is not the real arm: its contacts, cameras and delays are modelled, and a policy may do better "
        "or worse in a room.",
        "The trials are those of the suite. Other things, places, light and words were not tried.",
        "Films replay the recorded actions after the run; nothing was filmed while it was played.",
    ]
    return [*_own(report), *lines]


def _own(report: Report) -> list[str]:
    """What is special about this run."""
    info, scores = report.info, report.scores
    left = scores.planned - scores.played
    found = [
        (
            info.privileged,
            "The policy is shown what no camera could see, so the figures say nothing of one that looks.",
        ),
        (
            info.config.seed_domain != "eval",
            f"The trials are made from {info.config.seed_domain} seeds, which a policy may have been trained on: this "
            "is no evaluation.",
        ),
        (
            left > 0,
            f"{left} of {scores.planned} trials are not played: figures of a part may differ from those of the whole.",
        ),
        (bool(scores.overall.errors), "Trials that broke count as not succeeded, whoever is to blame for it."),
        (
            not info.deterministic,
            "The policy may plan otherwise when it is asked again: another run gives other figures.",
        ),
        (bool(info.changes), f"Between sittings {', '.join(info.changes)} changed, and scores perhaps with them."),
    ]
    return [line for holds, line in found if holds]


def _code(made: Provenance) -> str:
    if not made.commit:
        return "installed package"
    return f"commit {made.commit}{', with changes' if made.dirty else ''}"


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _sitting(number: int, sitting: Sitting, first: Provenance) -> list[Content]:
    return [
        str(number),
        sitting.start,
        sitting.end or "",
        sitting.how,
        "; ".join(differences(first, sitting.provenance)) or ("" if number == 1 else "nothing"),
        element("code", sitting.command),
    ]


def differences(before: Provenance, now: Provenance) -> list[str]:
    """Each value that is not the same, with both."""
    was, is_now = _values(before), _values(now)
    names = [name for name in {**was, **is_now} if was.get(name) != is_now.get(name)]
    return [f"{name}: {was.get(name) or 'none'} -> {is_now.get(name) or 'none'}" for name in names]


def _values(made: Provenance) -> dict[str, str]:
    code = {"commit": made.commit, "changes in the code": "some" if made.dirty else ""}
    upstream = {f"the world's own {name}": version for name, version in made.upstream.items()}
    return code | made.packages | made.machine | {"renderer": made.renderer} | upstream | made.files
