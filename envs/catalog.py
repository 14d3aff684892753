"""The worlds that come with the package, by name. Adding one is adding a line."""

ENVS = {
    "line": "armtrial.envs.line:LineEnv",
}
