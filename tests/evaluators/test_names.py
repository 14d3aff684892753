import re
from pathlib import Path

import pytest

from armtrial.evaluators import listing, names
from armtrial.evaluators.errors import UnknownName, UserError
from armtrial.policies.toy import Toy
from armtrial.tasks.toy import TOY


@pytest.mark.parametrize("table", names.TABLES, ids=lambda table: table.what)
def test_every_entry_of_every_table_can_be_loaded(table: names.Table) -> None:
    assert all(table.get(name) is not None for name in table.own)


def test_a_name_a_file_and_a_module_lead_to_the_same_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert names.POLICY_TABLE.get("toy") is Toy
    assert names.POLICY_TABLE.get("armtrial.policies.toy:Toy") is Toy
    assert names.SUITE_TABLE.get("armtrial.tasks.toy:TOY") is TOY


def test_an_unknown_name_gives_the_nearest_and_all() -> None:
    with pytest.raises(UnknownName) as caught:
        names.POLICY_TABLE.get("hodl")
    assert str(caught.value).startswith("no policy is called 'hodl'. Did you mean 'hold'? There are: act, blind, ")


def test_a_module_that_is_not_installed_is_named() -> None:
    with pytest.raises(UserError, match=r"needs the module 'no_such_package', which is not installed here"):
        names.POLICY_TABLE.get("no_such_package.policies:Mine")


def test_a_file_with_a_syntax_error_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("class Mine(:\n")
    with pytest.raises(UserError, match=r"could not be loaded: SyntaxError"):
        names.POLICY_TABLE.get(f"{tmp_path / 'bad.py'}:Mine")


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("False", False), ("none", None), ("runs/x", "runs/x"), ("'3'", "3")],
)
def test_a_value_reads_as_a_person_means_it(text: str, value: object) -> None:
    assert names.literals([f"horizon={text}"], "--policy-arg") == {"horizon": value}


def test_a_value_may_hold_an_equals_sign() -> None:
    assert names.literals(["horizon=a=b"], "--policy-arg") == {"horizon": "a=b"}


def test_the_rows_of_a_list_are_aligned_however_long_a_name_is() -> None:
    rows = [line for line in listing.one("so100").splitlines() if "(60 s" in line]
    assert len({re.match(r"  \S+ +", row).end() for row in rows}) == 1  # type: ignore[union-attr]
