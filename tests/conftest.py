"""MuJoCo settles how it draws when it is imported: a backend is chosen before any test module is."""

import contextlib
import os

from armtrial.envs.gl import GlError, chosen

with contextlib.suppress(GlError):
    os.environ.update(chosen(os.environ).environ)
