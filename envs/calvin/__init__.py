"""CALVIN's world: the public `calvin_env`, from the user's own checkout, in an interpreter of its own."""
