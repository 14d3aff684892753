"""The twin: a LeRobot SO-100 in MuJoCo, in the units of the real arm."""
