"""`armtrial doctor`: what works on this machine, what does not, and the command that mends it."""

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tabulate import tabulate

from ..envs import gl
from .checks import CHECKS
from .flags import Parser
from .machine import Finding, Machine, Status

DESCRIPTION = """\
Tries everything that armtrial needs: draws a frame with each of MuJoCo's backends, writes a video, adds two numbers
on the GPU, looks at versions, serial ports, cameras and room. Nothing is changed. Beneath whatever is
missing stands the command that mends it.

  ok                works
  missing-optional  something cannot be done here (the real arm, a GPU, CALVIN, robosuite), all else can
  broken            runs fail here until it is mended
"""
EPILOG = """\
examples:
  armtrial doctor                    the table
  armtrial doctor --limit 120        where a cold disk makes torch slow to import
  MUJOCO_GL=osmesa armtrial doctor   would a run work with this backend?
  armtrial doctor --json | jq -r '.[] | select(.status != "ok") | .cure'

exit status: 0 all that is required works, 2 something is broken
"""
WIDEST = 110
"""Columns of a fact in the table; `--json` has all of it."""


def examine(machine: Machine) -> tuple[Finding, ...]:
    """All checks at once: nearly all the time goes into waiting for other processes."""
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        pending = [pool.submit(check, machine) for check in CHECKS]
        return tuple(finding for check in pending for finding in check.result())


def table(findings: Sequence[Finding]) -> str:
    rows: list[tuple[str, str, str]] = []
    for finding in findings:
        rows.append((finding.name, finding.status.value, textwrap.shorten(finding.fact, WIDEST, placeholder=" ...")))
        if finding.cure:
            rows.append(("", "", f"-> {finding.cure}"))
    return tabulate(rows, headers=("check", "status", "found"), tablefmt="simple", disable_numparse=True)


def summary(findings: Sequence[Finding]) -> str:
    broken, missing = (_names(findings, status) for status in (Status.BROKEN, Status.MISSING))
    required = f"Broken: {broken}." if broken else "All that is required works."
    return f"{required} Missing, and optional: {missing}." if missing else required


def plain(findings: Sequence[Finding]) -> str:
    return json.dumps([asdict(finding) | {"status": finding.status.value} for finding in findings], indent=2)


def status(findings: Sequence[Finding]) -> int:
    return 2 if _names(findings, Status.BROKEN) else 0


def run(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    findings = examine(Machine(environ=os.environ, folder=Path.cwd(), limit=options.limit))
    text = plain(findings) if options.json else f"{table(findings)}\n\n{summary(findings)}"
    sys.stdout.write(text + "\n")
    return status(findings)


def _names(findings: Sequence[Finding], status: Status) -> str:
    return ", ".join(finding.name for finding in findings if finding.status is status)


def _parser() -> argparse.ArgumentParser:
    parser = Parser("armtrial doctor", DESCRIPTION, EPILOG)
    parser.add_argument("--json", action="store_true", help="a list of name, status, fact and cure, for scripts")
    parser.add_argument(
        "--limit",
        type=float,
        default=gl.LIMIT,
        metavar="SECONDS",
        help="how long each thing that is tried may take",
    )
    return parser
