"""`expert`: the scripted policy of whichever world it is asked to play in."""

from ..envs.robosuite.env import RobosuiteEnv
from .base import Policy, World
from .expert import Expert
from .lift_expert import LiftExpert


def expert(world: World, *, mistakes: float = 0.0, astray: float = 0.0, speed: float = 1.0) -> Policy:
    """PRIVILEGED: a script that is shown where everything is, of the twin's tasks and of robosuite's Lift.

    `mistakes`: the share of attempts that miss or let go on purpose. `astray`: of approaches that first head beside
    the target. `speed`: 1 is a person's pace. In robosuite's world it makes no mistakes and has one pace.
    """
    if world.action != RobosuiteEnv.action_spec:
        return Expert(world, mistakes=mistakes, astray=astray, speed=speed)
    given = {"mistakes": (mistakes, 0.0), "astray": (astray, 0.0), "speed": (speed, 1.0)}
    if said := [f"{name}={value:g}" for name, (value, usual) in given.items() if value != usual]:
        raise ValueError(f"in robosuite's world the expert takes no arguments; it was given {', '.join(said)}")
    return LiftExpert(world)
