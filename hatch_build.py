"""Puts the package's front door into the wheel; an editable install uses the checkout as it is."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontDoor(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"] |= {
                "armtrial.py": "__init__.py",
                "run_eval.py": "__main__.py",
            }
