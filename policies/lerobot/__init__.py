"""Policies that LeRobot trained, run in this process by LeRobot's own models and processors."""
