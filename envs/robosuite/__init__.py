"""robosuite's worlds, in an interpreter of their own: they need an older MuJoCo and an older numpy than the twin."""
