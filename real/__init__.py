"""The robot is one more world: LeRobot's driver, what keeps it safe, who judges it, and an arm made of software."""
