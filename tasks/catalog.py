"""The suites that come with the package, by name. Adding one is adding a line."""

SUITES = {
    "single": "armtrial.tasks.tabletop:SINGLE",
    "multi": "armtrial.tasks.tabletop:MULTI",
    "distractor": "armtrial.tasks.tabletop:DISTRACTOR",
    "so100": "armtrial.tasks.tabletop:SO100",
    "toy": "armtrial.tasks.toy:TOY",
    "calvin": "armtrial.tasks.calvin:CALVIN",
    "robosuite": "armtrial.tasks.robosuite:ROBOSUITE",
}
