"""A server's token, read from a variable of the environment: what a command says lands in the run's files."""

import os


def token_of(variable: str) -> str:
    """Empty where no variable is named."""
    if variable and not os.environ.get(variable):
        raise ValueError(
            f"--policy-arg token_env={variable}: the variable {variable} is not set; put the token into it"
        )
    return os.environ[variable].strip() if variable else ""
