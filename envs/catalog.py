"""The worlds that come with the package, by name. Adding one is adding a line."""

ENVS = {
    "so100": "armtrial.envs.so100.env:So100Env",
    "line": "armtrial.envs.line:LineEnv",
}
NEEDS_GL = frozenset({"so100"})
"""Worlds that draw with MuJoCo: a backend is chosen before their process starts."""
