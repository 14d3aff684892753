"""`armtrial plan`: how many trials it takes, and what a number of them can show."""

from argparse import Namespace
from collections.abc import Sequence

from ..evaluators.flags import PLAYED, Parser
from ..evaluators.output import show

EXAMPLES = """\
examples:
  %(prog)s --expect 0.9 --versus 0.7                    trials to show that 90 %% is better than 70 %%
  %(prog)s --expect 0.9 --versus 0.7 --correlation 0.4  if the same trials are hard for both
  %(prog)s --expect 0.9 --versus 0.7 --json             for other programs

The correlation is phi of the outcomes on the same trial; `armtrial compare --json` has that of two runs.

exit status: 0 calculated; 2 something you can mend, said in one line
"""


def run(words: Sequence[str]) -> int:
    parser = Parser("armtrial plan", "Says how many trials it takes to show a difference.", EXAMPLES)
    parser.add_argument("--expect", metavar="P", type=float, required=True, help="success rate of the one, 0 to 1")
    parser.add_argument("--versus", metavar="P", type=float, required=True, help="success rate of the other")
    parser.add_argument(
        "--correlation",
        metavar="PHI",
        type=float,
        help="of outcomes on the same trial (default: 0.2, or what is possible)",
    )
    parser.add_argument("--alpha", metavar="A", type=float, default=0.05, help="rate of false alarms (default: 0.05)")
    parser.add_argument("--json", action="store_true", help="print the figures instead of the table")
    flags = parser.parse_args(words)
    _calculated(flags)
    return PLAYED


def _calculated(flags: Namespace) -> None:
    from ..evaluators.figures_json import as_json
    from ..evaluators.plan import plan
    from .plan import terminal

    found = plan(flags.expect, flags.versus, flags.correlation, flags.alpha)
    show(as_json(found).decode().rstrip() if flags.json else terminal(found))
