"""A checkout of `calvin_env`, alone or inside one of `calvin`, and what it must have."""

from __future__ import annotations

from pathlib import Path

CLONE = "git clone https://github.com/mees/calvin_env"
SCENES = ("A", "B", "C", "D")
_CODE = Path("calvin_env", "envs", "play_table_env.py")
_CONF = (
    "conf/env/play_table_env.yaml",
    "conf/robot/panda_longer_finger.yaml",
    "conf/cameras/cameras/static.yaml",
    "conf/cameras/cameras/gripper.yaml",
    "conf/tasks/new_playtable_tasks.yaml",
    *(f"conf/scene/calvin_scene_{scene}.yaml" for scene in SCENES),
)
_DATA = (
    "data/franka_panda/panda_longer_finger.urdf",
    "data/plane/plane.urdf",
    "data/blocks/block_red_middle.urdf",
    *(f"data/calvin_table_{scene}/urdf/calvin_table_{scene}.urdf" for scene in SCENES),
)


class CheckoutError(ValueError):
    """It is none, or not whole."""

    def __init__(self, fact: str, way_out: str) -> None:
        """`way_out`: the command that brings what is missing."""
        super().__init__(f"{fact}; {way_out}")
        self.fact, self.way_out = fact, way_out


def code_in(root: str) -> Path:
    """The folder of `calvin_env` in it, whole; a `CheckoutError` where there is none."""
    given = Path(root).expanduser()
    if not given.is_dir():
        raise CheckoutError(f"the CALVIN checkout {root} is no folder", CLONE)
    found = next((place for place in (given, given / "calvin_env") if (place / _CODE).is_file()), None)
    if found is None and (given / "calvin_models").is_dir():
        raise CheckoutError(f"{root} lacks its submodule", f"git -C {root} submodule update --init calvin_env")
    if found is None:
        raise CheckoutError(f"{root} is no checkout of calvin_env: there is no {_CODE} in it", CLONE)
    missing = [name for name in (*_CONF, *_DATA) if not (found / name).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise CheckoutError(f"{found} is not whole: it lacks {missing[0]}{more}", f"git -C {found} checkout .")
    return found.resolve()
