"""The gate as JUnit XML, which CI systems show as tests: the ground, each task, and each trial that got worse."""

from xml.etree import ElementTree

from ..evaluators.errors import harmless
from ..evaluators.gate import Gate, Row, Status, Worse
from .gate import change, ground, held, verdicts

SUITE = "armtrial gate"


def junit(gate: Gate) -> bytes:
    """A trial that got worse fails where its task or all did; else it is marked as skipped, since one trial proves
    nothing."""
    suite = ElementTree.Element("testsuite", name=SUITE)
    _canary(suite, gate)
    for row in gate.rows:
        _row(suite, gate, row)
    for worse in gate.worse:
        _trial(suite, gate, worse)
    suite.attrib.update({name: str(number) for name, number in _counts(suite).items()})
    whole = ElementTree.Element("testsuites", name=SUITE)
    whole.append(suite)
    ElementTree.indent(whole)
    return ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True) + b"\n"


def _canary(suite: ElementTree.Element, gate: Gate) -> None:
    case = _case(suite, f"{gate.suite}.ground", "canary")
    if gate.status is Status.GROUND_MOVED:
        _said(case, "error", "the ground moved", f"{ground(gate.footing)}\n{verdicts(gate)[0]}")
    if gate.status is Status.REBASED:
        _said(case, "skipped", f"the ground moved, and {gate.rebased} is the new baseline", ground(gate.footing))


def _row(suite: ElementTree.Element, gate: Gate, row: Row) -> None:
    case = _case(suite, f"{gate.suite}.tasks", row.task)
    if row.regressed:
        lost = [f"{each.trial}: {each.now}" for each in gate.worse if row.task in ("all", each.task)]
        adjusted = "" if row.task == "all" else " as it stands among all tasks (Holm)"
        said = f"{change(row)}, p {held(row):.2g}{adjusted}"
        _said(case, "failure", f"{row.task} got worse: {said}", "\n".join(lost))


def _trial(suite: ElementTree.Element, gate: Gate, worse: Worse) -> None:
    case = _case(suite, f"{gate.suite}.{worse.task}", worse.trial)
    proven = any(row.regressed for row in gate.rows if row.task in ("all", worse.task))
    if proven:
        _said(case, "failure", f"got worse: {worse.now}", "")
    else:
        _said(case, "skipped", f"got worse: {worse.now}; no drop is shown by it", "")


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=group, name=name)


def _said(case: ElementTree.Element, how: str, message: str, text: str) -> None:
    """Words of third parties come without what XML does not allow."""
    ElementTree.SubElement(case, how, message=harmless(message)).text = harmless(text)


def _counts(suite: ElementTree.Element) -> dict[str, int]:
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counted = {name: len(suite.findall(f"testcase/{kind}")) for name, kind in kinds.items()}
    return {"tests": len(suite), **counted}
