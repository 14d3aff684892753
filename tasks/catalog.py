"""The suites that come with the package, by name. Adding one is adding a line."""

SUITES = {
    "toy": "armtrial.tasks.toy:TOY",
}
