"""The worlds that come with the package, by name. Adding one is adding a line."""

ENVS = {
    "so100": "armtrial.envs.so100.env:So100Env",
    "line": "armtrial.envs.line:LineEnv",
    "calvin": "armtrial.envs.calvin.env:CalvinEnv",
    "robosuite": "armtrial.envs.robosuite.env:RobosuiteEnv",
}
NEEDS_GL = frozenset({"so100"})
"""Worlds that draw with MuJoCo: a backend is chosen before their process starts."""
GUESTS = {"calvin": "armtrial.envs.calvin.guest:guest", "robosuite": "armtrial.envs.robosuite.guest:guest"}
"""Worlds in an interpreter of their own: what finds it, and tries what it needs before a run starts."""
