from armtrial.reports import grid

TABLE = """\
| task   | SR<br>95 % CI         |
|--------|-----------------------|
| reach  | 40.0 %<br>5.3 to 85.3 |
| a\\|b   |                       |"""


def test_in_markdown_a_row_is_one_line_whatever_its_cells_hold() -> None:
    rows = [["reach", "40.0 %\n5.3 to 85.3"], ["a|b", ""]]
    assert grid.markdown(rows, ["task", "SR\n95 % CI"]) == TABLE
