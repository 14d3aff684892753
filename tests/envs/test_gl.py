import os
import time
from collections.abc import Callable, Mapping

import pytest

from armtrial.envs import gl

CRASH = "import ctypes, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); ctypes.string_at(0)"
HANG = "import sys, time; sys.stderr.write('opening the display'); sys.stderr.flush(); time.sleep(60)"


def only(*working: str) -> Callable[[str, Mapping[str, str]], gl.GlProbe]:
    """A machine on which these backends draw and the others do not."""

    def probing(backend: str, environ: Mapping[str, str]) -> gl.GlProbe:
        return gl.GlProbe(backend, "" if backend in working else f"no lib{backend}", "llvmpipe", "4.5")

    return probing


def running(program: str) -> gl.Run:
    """Runs this text in place of the one that was asked for."""
    return lambda _, environ, limit: gl.run_apart(program, environ, limit)


def test_this_machine_draws_with_one_of_the_automatic_backends():
    environ = {name: value for name, value in os.environ.items() if name != "MUJOCO_GL"}
    choice = gl.chosen(environ)
    assert choice.backend in gl.AUTOMATIC
    assert choice.renderer in str(choice)
    assert choice.version in str(choice)


def test_what_was_chosen_draws_whatever_another_mujoco_has_left_in_the_environment():
    wrong = {name: value for name, value in os.environ.items() if name != "MUJOCO_GL"} | {"PYOPENGL_PLATFORM": "glx"}
    choice = gl.choose(wrong)
    assert gl.run_apart(gl.FRAME, wrong | choice.environ, gl.LIMIT).failure == ""


def test_egl_comes_before_osmesa():
    assert gl.choose({}, only("osmesa", "egl", "glfw")).backend == "egl"
    assert gl.choose({}, only("osmesa", "glfw")).backend == "osmesa"


def test_a_screen_is_used_only_when_asked_for():
    assert gl.choose({"MUJOCO_GL": "glfw"}, only("glfw")).backend == "glfw"
    with pytest.raises(gl.GlError):
        gl.choose({}, only("glfw"))


def test_the_users_choice_comes_first_and_is_read_as_mujoco_reads_it():
    assert gl.choose({"MUJOCO_GL": " OSMesa"}, only("egl", "osmesa")).environ == {
        "MUJOCO_GL": "osmesa",
        "PYOPENGL_PLATFORM": "osmesa",
    }
    assert gl.choose({"MUJOCO_GL": ""}, only("egl", "osmesa")).backend == "egl"


def test_disabled_is_taken_without_a_try():
    assert gl.choose({"MUJOCO_GL": "disabled"}, only()) == gl.GlChoice("disabled")
    assert str(gl.GlChoice("disabled")) == "disabled"


def test_a_misspelt_backend_is_told_with_the_one_that_is_meant():
    with pytest.raises(gl.GlError) as refused:
        gl.choose({"MUJOCO_GL": "mesa"}, only("egl"))
    assert str(refused.value) == (
        "MUJOCO_GL is 'mesa', and no backend is called that; did you mean 'osmesa'? "
        "there are: egl, osmesa, glfw, disabled."
    )


def test_where_nothing_draws_each_reason_and_each_package_is_named():
    with pytest.raises(gl.GlError) as refused:
        gl.choose({}, only())
    message = str(refused.value)
    assert message.startswith("MuJoCo cannot draw here (egl: no libegl; osmesa: no libosmesa). Install EGL: `sudo apt")
    assert "libegl1 libgl1-mesa-dri libopengl0`" in message
    assert "libosmesa6`" in message
    assert "\n" not in message


def test_a_choice_that_does_not_draw_is_refused_and_not_replaced():
    with pytest.raises(gl.GlError, match=r"MUJOCO_GL is 'osmesa'.*no libosmesa.*libosmesa6`; or unset MUJOCO_GL"):
        gl.choose({"MUJOCO_GL": "osmesa"}, only("egl"))


def test_a_hanging_driver_is_told_after_the_time_limit():
    began = time.monotonic()
    found = gl.probe("egl", os.environ, limit=3.0, run=running(HANG))
    assert found.failure == "no answer in 3 s: opening the display"
    assert time.monotonic() - began < 30


def test_a_crashing_driver_is_told_with_its_signal():
    assert gl.probe("egl", os.environ, run=running(CRASH)).failure == "crashed with signal 11 (Segmentation fault)"


def test_a_failing_driver_is_told_with_the_last_line_it_wrote():
    found = gl.probe("egl", os.environ, run=running("print('so far so good'); raise ImportError('no device')"))
    assert found.failure == "exit status 1: ImportError: no device"


@pytest.mark.parametrize("picture", ["zeros((32, 64, 3))", "full((32, 64, 3), 255)"])
def test_a_blank_frame_is_a_failure(picture: str):
    blank = f"import mujoco, numpy; mujoco.Renderer.render = lambda self: numpy.{picture}\n{gl.FRAME}"
    backend = gl.chosen(os.environ).backend
    assert "the frame is wrong: left is [" in gl.probe(backend, os.environ, run=running(blank)).failure


def test_a_choice_is_made_once_in_a_process():
    environ = {"MUJOCO_GL": "disabled"}
    assert gl.chosen(environ) is gl.chosen(dict(environ))


def test_this_process_keeps_its_variables():
    before = dict(os.environ)
    gl.choose(os.environ)
    assert dict(os.environ) == before
