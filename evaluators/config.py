"""Everything that a run was asked for, in one value that lands in its run.json."""

from dataclasses import dataclass

VIDEO = ("none", "failures", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    policy: str
    """A name from the table, ./file.py:Class, or package.module:Class."""
    suite: str
    policy_arg: tuple[str, ...] = ()
    """K=V, handed to the policy."""
    checkpoint: str = ""
    """Short for the policy's argument of that name, as are the next two; empty: not said."""
    device: str = ""
    url: tuple[str, ...] = ()
    """Of several, the policy is handed all."""
    task: tuple[str, ...] = ()
    """Only these tasks of the suite; empty: all."""
    episodes: int | None = None
    """Trials per task; None: the suite's own number."""
    seed_domain: str = "eval"
    env_arg: tuple[str, ...] = ()
    """K=V, handed to the world."""
    look: str = ""
    """Short for the world's argument of that name, as is the next; empty: not said."""
    robot_model: str = ""
    calvin_root: str = ""
    env: str = "sim"
    """`real`: the suite is played on a real arm in place of its own world."""
    port: str = ""
    """Serial port of the arm, or `twin`: an arm made of software. As the next three, short for an argument of it."""
    front: str = ""
    wrist: str = ""
    console: str = ""
    yes: bool = False
    """Nobody is asked: a rehearsal on the twin judges itself."""
    size: tuple[int, int] | None = None
    """(width, height) of the pictures that the policy is shown; None: what it asks for."""
    variation: str = ""
    """A named change of every task's world; empty: the tasks as the suite has them."""
    execute: int = 20
    """At most so many actions of a plan are executed before the policy looks again."""
    wrap: tuple[str, ...] = ()
    """What is put around the policy, in order, the innermost first: `noise=0.1`."""
    realtime: bool = False
    """The world's clock runs on while the policy thinks."""
    latency: float | None = None
    """Seconds that every plan takes in realtime; None: as long as it took. Saying it means realtime."""
    workers: int = 1
    """Processes that play side by side; 0 plays in this process."""
    batch: int | None = None
    """At most so many queries in one call of the policy; None: all that wait."""
    trial_timeout: float | None = None
    """Wall seconds that a world may take for a trial; None: 10 x the task's time limit, at least 600."""
    video: str = "none"
    """Which trials are filmed; the command's own default is the failures."""


REPEATABLE = ("policy_arg", "url", "task", "env_arg", "wrap")
WHAT_IS_PLAYED = (
    "policy",
    "policy_arg",
    "checkpoint",
    "device",
    "url",
    "suite",
    "task",
    "episodes",
    "seed_domain",
    "env_arg",
    "look",
    "robot_model",
    "calvin_root",
    "env",
    "port",
    "size",
    "variation",
    "execute",
    "wrap",
    "realtime",
    "latency",
)
"""The part of a config that a resumed run keeps; the rest is how it is played and may change."""
