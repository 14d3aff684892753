"""Trials one by one: what failed with its film, and all of them in a table."""

import shlex
from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

from ..envs.rig import TrialLog
from ..evaluators.records import EpisodeRecord
from ..evaluators.trial_rows import TrialRow
from ..tasks.base import Outcome
from ..tasks.rubric import LABELS
from .base import Report
from .evidence import Clip, Evidence
from .markup import Content, Markup, element, joined
from .page import cell, facts, more, table, wide
from .story import drawn, ended, summary, told, tries

SHOWN = 100
"""Failures with a card of their own; a page with more could not be read."""
TRIALS = ("trial", "ended", "progress", "attempts", "seconds", "plans", "take", "start")


def failures(report: Report, evidence: Evidence) -> list[Markup]:
    failed = [record for record in evidence.records if _failed(record)]
    if not failed:
        return [element("p", "None failed." if evidence.records else "Nothing has been played.")]
    carded = _carded(evidence)
    cards = [_card(record, evidence) for record in failed if record.id in carded]
    left = len(failed) - len(cards)
    rest = element("p", f"{left} more failed; they stand in the table of all trials.") if left else None
    key = (
        "Drawings: attempts as blocks (H held, M missed, S slipped, W wrong thing), events as strokes. Films play "
        f"here; to replay a trial takes armtrial and the run's folder, {evidence.folder}."
    )
    return [
        _labels(failed),
        element("p", key, class_="soft"),
        element("div", *cards, class_="cards"),
        joined(rest),
    ]


def _labels(failed: Sequence[EpisodeRecord]) -> Markup:
    """What those that occur mean, the commonest first."""
    counted = Counter(record.result.label for record in failed if record.result.outcome is Outcome.FAILURE)
    return facts([(label.replace("_", " "), LABELS.get(label, "")) for label, _ in counted.most_common()])


def _failed(record: EpisodeRecord) -> bool:
    return record.result.outcome in (Outcome.FAILURE, Outcome.ERROR)


def _carded(evidence: Evidence) -> set[str]:
    """Those with a film, then the first ones."""
    failed = [record.id for record in evidence.records if _failed(record)]
    return set(sorted(failed, key=lambda trial: trial not in evidence.clips)[:SHOWN])


def _card(record: EpisodeRecord, evidence: Evidence) -> Markup:
    clip = evidence.clips.get(record.id)
    return element(
        "article",
        element("h3", element("a", record.id, href=f"#{row_id(record.id)}")),
        element("p", element("span", ended(record), class_="bad"), f". {summary(record)}"),
        _film(record.id, clip) if clip else _course(record),
        _fault(record, evidence),
        element("p", f"Note: {record.result.note}") if record.result.note else None,
        _events(record, joined(drawn(record), tries(record)) if clip else None),
        _replay(record, evidence),
        id=card_id(record.id),
    )


def _film(trial: str, clip: Clip) -> Markup:
    beside = None if clip.within else element("p", "The film lies beside this page.", class_="soft")
    film = element(
        "video", src=clip.source, controls=True, playsinline=True, preload="metadata", aria_label=f"film of {trial}"
    )
    return joined(film, beside)


def _course(record: EpisodeRecord) -> Markup:
    how = " The command below makes one." if record.result.steps_sha256 else ""
    return joined(element("p", f"No film.{how}", class_="soft"), drawn(record), tries(record))


def _fault(record: EpisodeRecord, evidence: Evidence) -> Markup | None:
    error = record.result.error
    if error is None:
        return None
    at = evidence.traces.get(record.id)
    link = element("p", element("a", "Traceback", href=at)) if at else None
    return joined(element("pre", element("code", f"{error.kind}: {error.message}")), link)


def _events(record: EpisodeRecord, course: Markup | None) -> Markup:
    events = record.result.events
    if not events:
        return element("p", "The world told of no event.", class_="soft")
    return more(f"Events: {len(events)}", course, element("ol", *(element("li", line) for line in told(events))))


def _replay(record: EpisodeRecord, evidence: Evidence) -> Markup:
    if record.rig is not None:
        return _kept(record.rig)
    if not record.result.steps_sha256:
        return element("p", "No step of it was kept, so nothing can be replayed.", class_="soft")
    command = shlex.join(["armtrial", "video", evidence.folder, record.id])
    return element("p", "Replay it, as a film: ", element("code", command))


def _kept(rig: TrialLog) -> Markup:
    """What happened on a rig happens once; what was kept of it lies beside the page."""
    named = [("start as wanted", rig.wanted), ("start as it was", rig.photo)]
    named += [(f"film {number + 1}", film) for number, film in enumerate(rig.films)]
    there = [element("a", name, href=quote(file)) for name, file in named if file]
    links = [joined(", " if number else None, link) for number, link in enumerate(there)]
    if not links:
        return element("p", "An arm's trial cannot be replayed, and nothing of it was filmed.", class_="soft")
    return element("p", "Kept of it, beside this page: ", *links, ".")


def trials(report: Report, evidence: Evidence) -> list[Markup]:
    if not report.trials:
        return [element("p", "None has been played.")]
    records, carded = {record.id: record for record in evidence.records}, _carded(evidence)
    rows = [_row(row, records[row.id], evidence, row.id in carded) for row in report.trials]
    header = element(
        "p", f"{len(rows)} of {report.scores.planned} trials, of each the take that counts.", class_="soft"
    )
    return [header, wide(table(TRIALS, rows, kind="sortable trials"), "all trials")]


def _file(record: EpisodeRecord) -> str:
    """Of its film."""
    return record.rig.films[0] if record.rig and record.rig.films else f"videos/{record.id}.mp4"


def _row(row: TrialRow, record: EpisodeRecord, evidence: Evidence, carded: bool) -> list[Content]:
    how: Content = element("a", ended(record), href=f"#{card_id(row.id)}") if carded else ended(record)
    clip = None if carded else evidence.clips.get(row.id)
    film = joined(" ", element("a", "film", href=quote(_file(record)))) if clip else None
    return [
        element("span", row.id, id=row_id(row.id)),
        cell(joined(how, film), "ended", ended(record)),
        cell("" if row.progress is None else f"{row.progress:.2f}", "progress"),
        cell(str(row.attempts), "attempts"),
        cell(f"{row.seconds:.1f}", "seconds"),
        cell(str(row.plans), "plans"),
        cell(str(row.take), "take"),
        cell(element("code", row.start_hash[:8]) if row.start_hash else "", "start"),
    ]


def row_id(trial: str) -> str:
    return f"trial-{quote(trial)}"


def card_id(trial: str) -> str:
    return f"failure-{quote(trial)}"
