"""`armtrial serve`: any policy behind openpi's wire, to run in another environment or on another machine."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from ..envs.extras import install
from ..envs.faults import Fault
from ..policies.base import Policy, World
from ..policies.remote.server.door import HEALTH, Door, Entrance, serve
from ..policies.remote.server.engine import Engine
from . import pool
from .config import RunConfig
from .errors import UserError
from .flags import PLAYED, Parser, policy_flags, world_flags, world_of
from .ground import Ground, prepare
from .matching import match
from .opening import policy_of
from .output import tell

EXAMPLES = """\
examples:
  %(prog)s --policy rynnvla                              the default policy, for this machine, on port 8000
  %(prog)s --policy toy --suite toy --port 9000          for another suite's world
  %(prog)s --policy ./mine.py:Mine --host 0.0.0.0 --token-env TOKEN
                                                         for other machines: whoever shows the token in $TOKEN
then:
  armtrial eval --policy openpi --url ws://localhost:8000 --suite single

Ctrl-C or SIGTERM: what is under way is answered first.
exit status: 0 served until it was stopped; 2 something you can mend, said in one line
"""
LOCAL = ("127.0.0.1", "localhost", "::1")
LINE_SECONDS = 10.0
"""Between two lines of progress where nobody looks on; a terminal has one line that changes every second."""
GRACE_SECONDS = 10.0
"""For the plans that are under way when it is stopped."""
SAYS_NOTHING = 1.0


def run(argv: Sequence[str]) -> int:
    flags = _parser().parse_args(argv)
    entrance = _entrance(flags)
    os.environ.setdefault("MUJOCO_GL", "disabled")  # the world is asked what it is, and never drawn
    ground = prepare(_config(flags))
    world = _world(ground)
    engine = Engine(lambda: policy_of(ground, world), flags.batch)
    policy = engine.start()
    if isinstance(policy, Fault):
        raise UserError(policy.message)
    try:
        match(policy.spec, world, ground.suite.name)
        _serve(engine, policy, entrance, flags.quiet)
    finally:
        engine.close(SAYS_NOTHING)
    return PLAYED


def _config(flags: argparse.Namespace) -> RunConfig:
    said = {name: value for name in ("policy_arg", "checkpoint", "device", "url") if (value := getattr(flags, name))}
    return RunConfig(policy=flags.policy, suite=flags.suite, **said, **world_of(flags))


def _entrance(flags: argparse.Namespace) -> Entrance:
    if not 0 <= flags.port <= 65535:
        raise UserError(f"--port {flags.port}: a port is a number from 1 to 65535, or 0 for any that is free")
    if flags.batch is not None and flags.batch < 1:
        raise UserError(f"--batch {flags.batch}: a call of the policy answers at least one query")
    if not 1 <= flags.max_mb <= 1024:
        raise UserError(f"--max-mb {flags.max_mb}: a frame may have 1 to 1024 MiB; two pictures of 640x480 have 1.8")
    token = os.environ.get(flags.token_env, "").strip() if flags.token_env else ""
    if flags.token_env and not token:
        raise UserError(
            f"--token-env {flags.token_env}: the variable {flags.token_env} is not set; put the token into it"
        )
    if flags.host not in LOCAL and not token:
        tell(
            f"armtrial: on {flags.host} whoever reaches port {flags.port} may ask the policy; --token-env NAME asks who"
        )
    return Entrance(host=flags.host, port=flags.port, token=token, max_bytes=flags.max_mb * 2**20)


def _world(ground: Ground) -> World:
    """What the policy is built for. The world itself is gone before the first client comes."""
    seats, world = pool.open_workers(ground.source, 1)
    pool.close_all(seats)
    return world


def _serve(engine: Engine, policy: Policy, entrance: Entrance, quiet: bool) -> None:
    async def going() -> bool:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _stopped, loop, stop)
        watching: list[asyncio.Task[None]] = []

        def opened(door: Door) -> None:
            tell(_welcome(policy, entrance, door.port))
            if not quiet:
                watching.append(loop.create_task(_watch(door)))

        try:
            return await serve(engine, policy.spec, entrance, stop, opened, GRACE_SECONDS)
        finally:
            for task in watching:
                task.cancel()

    try:
        ended = asyncio.run(going())
    except ModuleNotFoundError as error:
        raise UserError(f"a server needs the package {error.name}: {install('websockets')}") from None
    except OSError as error:
        where = f"port {entrance.port} of {entrance.host}"
        raise UserError(
            f"{where} cannot be opened: {error.strerror or error}; --port N and --host say others"
        ) from None
    tell("\nStopped." if ended else f"\nStopped; the policy was still busy after {GRACE_SECONDS:g} s.")


def _stopped(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A second signal ends the process as it always does."""
    stop.set()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)


def _welcome(policy: Policy, entrance: Entrance, port: int) -> str:
    spec, host = policy.spec, "localhost" if entrance.host in LOCAL else entrance.host
    looks = ", ".join(f"{name} {width}x{height}" for name, (width, height) in spec.cameras.items()) or "nothing"
    token = " --policy-arg token_env=NAME" if entrance.token else ""
    return (
        f"{spec.name} (version {spec.version}) looks at {looks} and plans {spec.horizon} actions of "
        f"({', '.join(spec.action.names)})\n"
        f"  armtrial eval --policy openpi --url ws://{host}:{port}{token} --suite ...\n"
        f"  health: http://{host}:{port}{HEALTH}"
    )


async def _watch(door: Door) -> None:
    """How it goes: one line that changes on a terminal, one now and then anywhere else; none where nothing changed."""
    shown, terminal = "", sys.stderr.isatty()
    last = time.monotonic()
    while True:
        await asyncio.sleep(1.0)
        now = str(door.traffic)
        if now == shown or (not terminal and time.monotonic() - last < LINE_SECONDS):
            continue
        shown, last = now, time.monotonic()
        if terminal:
            sys.stderr.write(f"\r{now:<78}")
            sys.stderr.flush()
        else:
            tell(now)


def _parser() -> Parser:
    parser = Parser("armtrial serve", "Puts a policy behind openpi's wire.", EXAMPLES)
    parser.add_argument("--policy", metavar="P", required=True, help="a name from --list, ./file.py:Class, ...")
    policy_flags(parser)
    parser.add_argument(
        "--suite", metavar="S", default="single", help="whose world the policy is built for (default: single)"
    )
    world_flags(parser)
    _door_flags(parser.add_argument_group("who may ask, and how"))
    return parser


def _door_flags(group: Any) -> None:
    group.add_argument("--port", metavar="N", type=int, default=8000, help="to listen on; 0: any free (default: 8000)")
    group.add_argument(
        "--host", metavar="NAME", default="127.0.0.1", help="the address to listen on (default: this machine only)"
    )
    group.add_argument(
        "--token-env", metavar="NAME", default="", help="variable with the token that a client has to show"
    )
    group.add_argument("--batch", metavar="N", type=int, help="at most N queries in one call of the policy")
    group.add_argument("--max-mb", metavar="N", type=int, default=64, help="largest frame, in MiB (default: 64)")
    group.add_argument("--quiet", action="store_true", help="no lines of progress")
