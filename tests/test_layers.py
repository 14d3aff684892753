"""The rules of the house that no type checker knows, read from the source."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import armtrial

ROOT = Path(armtrial.__path__[0])
ORDER = ("tasks", "envs", "real", "policies", "evaluators", "reports")
COMPOSES = "evaluators/cli.py"
"""The one file that may import from anywhere."""
CATCHES = "envs/faults.py"
"""The one file that may catch every exception."""
GUEST_ENVS = ("__init__", "base", "catalog", "checked", "faults", "line", "locate", "player", "rig", "wire", "worker")
GUESTS = [
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tasks").glob("*.py")),
    *(f"envs/{name}.py" for name in GUEST_ENVS),
    *(f"envs/calvin/{name}.py" for name in ("__init__", "checkout", "env", "upstream")),
    *(f"envs/robosuite/{name}.py" for name in ("__init__", "env", "pen", "robots", "things", "upstream")),
]
"""What another interpreter imports: Python 3.10, numpy and msgpack are all it needs."""
FILES = sorted(path.relative_to(ROOT).as_posix() for folder in ORDER for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(), file)


def imported(file: str) -> Iterator[str]:
    """Dotted names; those of the package without its own name: `envs.base`, `numpy.typing`."""
    return (name for node in ast.walk(tree(file)) for name in names_of(file, node))


def names_of(file: str, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    package = Path(file).parts[: -node.level] if node.level else ()
    module = ".".join([*package, *([node.module] if node.module else [])])
    if module and not (ROOT / module.replace(".", "/")).is_dir():
        return [module]
    return [".".join([*package, *filter(None, [node.module]), alias.name]) for alias in node.names]


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Catches every exception and does not raise it again."""
    caught = {ast.unparse(node) for node in ast.walk(handler.type)} if handler.type else {"Exception"}
    last = handler.body[-1]
    again = isinstance(last, ast.Raise) and last.exc is None
    return bool(caught & {"Exception", "BaseException"}) and not again


def suppresses_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("suppress"):
        return False
    return any(ast.unparse(argument) in {"Exception", "BaseException"} for argument in node.args)


def run_by_import(node: ast.AST) -> Iterator[ast.AST]:
    """What an import of the module executes: everything but the bodies of functions."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from run_by_import(child)


def writes_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return ast.unparse(node.value).endswith("environ")
    changing = ("environ.setdefault", "environ.update", "environ.pop", "environ.clear", "putenv", "unsetenv")
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(changing)


def test_the_source_is_read() -> None:
    assert {"tasks/base.py", "envs/faults.py", "evaluators/cli.py"} <= set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_a_folder_imports_itself_and_those_before_it(file: str) -> None:
    allowed = ORDER if file == COMPOSES else ORDER[: ORDER.index(file.split("/")[0]) + 1]
    folders = {name.split(".")[0] for name in imported(file)} & set(ORDER)
    assert folders <= set(allowed), (
        f"{file} imports {sorted(folders - set(allowed))}; the order is {' -> '.join(ORDER)}"
    )


@pytest.mark.parametrize("file", FILES)
def test_inside_the_folders_imports_are_relative(file: str) -> None:
    absolute = [name for node in ast.walk(tree(file)) if not getattr(node, "level", 0) for name in names_of(file, node)]
    own = [name for name in absolute if name.split(".")[0] in {"armtrial", *ORDER}]
    assert not own, f"{file} imports {own}; write it with leading dots, since the folders' own names are nobody's"


def test_one_place_catches_every_exception() -> None:
    nodes = [(file, node) for file in FILES for node in ast.walk(tree(file))]
    handlers = [file for file, node in nodes if isinstance(node, ast.ExceptHandler) and is_broad(node)]
    assert handlers == [CATCHES], f"catch narrowly, or through caught() of {CATCHES}"


def test_nothing_suppresses_every_exception() -> None:
    assert not [file for file in FILES if any(suppresses_all(node) for node in ast.walk(tree(file)))]


@pytest.mark.parametrize("file", FILES)
def test_importing_a_module_leaves_the_environment_alone(file: str) -> None:
    written = [ast.unparse(node) for node in run_by_import(tree(file)) if writes_environment(node)]
    assert not written, f"{file} changes os.environ when it is imported: {written}"


@pytest.mark.parametrize("file", GUESTS)
def test_a_guest_file_is_python_3_10(file: str) -> None:
    ast.parse((ROOT / file).read_text(), file, feature_version=(3, 10))


@pytest.mark.parametrize("file", GUESTS)
def test_a_guest_file_imports_the_standard_library_numpy_msgpack_and_guests(file: str) -> None:
    allowed = sys.stdlib_module_names | {"numpy", "msgpack"}
    strangers = {name for name in imported(file) if name.split(".")[0] not in {*allowed, "tasks", "envs"}}
    modules = {guest.removesuffix(".py").replace("/", ".") for guest in GUESTS}
    own = {name for name in imported(file) if name.split(".")[0] in {"tasks", "envs"}}
    assert not strangers | (own - modules), f"{file} imports {sorted(strangers | (own - modules))}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import numpy.typing", "numpy.typing"),
        ("from . import wire", "envs.wire"),
        ("from .base import Env", "envs.base"),
        ("from ..tasks.base import Task", "tasks.base"),
        ("from .. import reports", "reports"),
        ("from ..tasks import base", "tasks.base"),
        ("from os import environ", "os"),
    ],
)
def test_every_form_of_import_is_understood(source: str, name: str) -> None:
    assert names_of("envs/line.py", ast.parse(source).body[0]) == [name]


@pytest.mark.parametrize(
    ("source", "broad"),
    [
        ("except Exception: pass", True),
        ("except: pass", True),
        ("except (OSError, BaseException) as error: print(error)", True),
        ("except BaseException: raise", False),
        ("except OSError: pass", False),
    ],
)
def test_every_form_of_catching_is_understood(source: str, broad: bool) -> None:
    (attempt,) = ast.parse(f"try: pass\n{source}").body
    assert isinstance(attempt, ast.Try)
    assert is_broad(attempt.handlers[0]) is broad


@pytest.mark.parametrize(
    ("source", "writes"),
    [
        ("os.environ['A'] = '1'", True),
        ("os.environ.setdefault('A', '1')", True),
        ("if x:\n    environ.update(A='1')", True),
        ("del os.environ['A']", True),
        ("class A:\n    os.putenv('A', '1')", True),
        ("home = os.environ['HOME']", False),
        ("def later():\n    os.environ['A'] = '1'", False),
    ],
)
def test_every_form_of_writing_the_environment_is_understood(source: str, writes: bool) -> None:
    assert any(writes_environment(node) for node in run_by_import(ast.parse(source))) is writes
