from contextlib import AbstractContextManager
from typing import Any

from mujoco import MjData, MjModel

def launch_passive(model: MjModel, data: MjData) -> AbstractContextManager[Any]: ...
