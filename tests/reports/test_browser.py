"""report.html as a browser opens it from the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from armtrial.evaluators import evaluate
from armtrial.evaluators.compare import compare
from armtrial.reports import comparison_html
from armtrial.tests.pairs import run as alike
from armtrial.tests.reports.chromium import Browser
from armtrial.tests.reports.pages import RUNS, golden, made, page_of

pytestmark = pytest.mark.browser
PHONE = 360
ORDER = "[...document.querySelectorAll('table.trials tbody tr')].map(row => row.cells[4].textContent)"
REACHABLE = "a[href], button, summary, video, [tabindex='0']"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of every kind of run, one that holds films among them."""
    folder = tmp_path_factory.mktemp("pages")
    filmed = evaluate("blind", "toy", task="reach", episodes=2, workers=0, video="all", out=folder / "run")
    runs = {name: made(folder, *records) for name, records in RUNS.items()} | {"golden": golden(), "filmed": filmed}
    apart = compare([alike("a", "sfsf"), alike("b", "sffs")])
    (folder / "comparison.html").write_bytes(comparison_html.of_folder(apart, ["armtrial", "compare"], folder))
    for name, run in runs.items():
        (folder / f"{name}.html").write_text(page_of(run))
    return folder


@pytest.mark.parametrize("name", [*RUNS, "golden", "filmed", "comparison"])
def test_a_page_has_nothing_to_complain_about_and_fits_a_phone(browser: Browser, pages: Path, name: str) -> None:
    browser.open(pages / f"{name}.html", width=PHONE)
    browser.value("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.value("document.documentElement.scrollWidth") <= PHONE
    assert browser.complaints == []
    assert not [at for at in browser.fetched if not at.startswith(("file://", "data:"))]


def test_a_table_is_sorted_by_the_button_in_its_header_with_the_keyboard(browser: Browser, pages: Path) -> None:
    browser.open(pages / "golden.html")
    before = browser.value(ORDER)
    browser.value("document.querySelectorAll('table.trials th button')[4].focus()")
    state = "document.querySelectorAll('table.trials th')[4].getAttribute('aria-sort')"
    orders = []
    for expected in ("ascending", "descending"):
        browser.press("Enter")
        assert browser.value(state) == expected
        orders.append([float(seconds) for seconds in browser.value(ORDER)])
    numbers = sorted(map(float, before))
    assert orders == [numbers, numbers[::-1]]


def test_the_row_of_all_stays_below_those_of_the_tasks(browser: Browser, pages: Path) -> None:
    browser.open(pages / "golden.html")
    browser.value("document.querySelector('#result th button').click()")
    browser.value("document.querySelector('#result th button').click()")
    rows = browser.value("[...document.querySelectorAll('#result table tr')].map(row => row.cells[0].textContent)")
    assert rows[1:] == ["cup", "block", "all"]


def test_films_in_the_page_play(browser: Browser, pages: Path) -> None:
    browser.open(pages / "filmed.html")
    ready = (
        "Promise.all([...document.querySelectorAll('video')].map(film => new Promise((yes, no) => {"
        "film.onloadeddata = () => yes(film.duration); film.onerror = () => no(film.error.message); film.load(); })))"
    )
    lengths = browser.value(ready)
    assert lengths
    assert min(lengths) > 0


def test_everything_that_can_be_used_is_reached_by_the_tab_key(browser: Browser, pages: Path) -> None:
    browser.open(pages / "filmed.html")
    there = browser.value(f'document.querySelectorAll("{REACHABLE}").length')
    browser.value(f'document.querySelectorAll("{REACHABLE}").forEach((one, number) => one.dataset.tab = number)')
    reached = set()
    for _ in range(8 * there):
        browser.press("Tab")
        reached.add(browser.value("document.activeElement.dataset.tab"))
        if len(reached - {None}) == there:
            break
    hidden = browser.value("[...document.querySelectorAll('[data-tab]')].filter(o => !o.checkVisibility()).length")
    assert len(reached - {None}) == there - hidden


def test_a_page_is_dark_where_the_reader_likes_it_so_and_can_be_turned(browser: Browser, pages: Path) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(pages / "golden.html", dark=False)
    light = browser.value(colour)
    browser.open(pages / "golden.html", dark=True)
    dark = browser.value(colour)
    browser.value("document.getElementById('theme').click()")
    assert dark != light == browser.value(colour)


def test_a_script_that_found_its_way_in_does_not_run(browser: Browser, pages: Path) -> None:
    (pages / "bad.html").write_text(
        page_of(golden()).replace("</main>", "<script>document.title = 'x'</script></main>")
    )
    browser.open(pages / "bad.html")
    assert browser.value("document.title") == "someone on made-up-v3, UNFINISHED: 17 of 18 trials played"
    assert "Content Security Policy" in "".join(browser.complaints)


@pytest.mark.parametrize("name", ["golden", "three tasks"])
def test_on_paper_a_page_is_light_whole_and_no_wider_than_a_sheet(browser: Browser, pages: Path, name: str) -> None:
    browser.open(pages / f"{name}.html", width=720, dark=True)
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    browser.ask("Emulation.setEmulatedMedia", media="print", features=[dark])
    browser.value("dispatchEvent(new Event('beforeprint'))")
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.value("document.querySelectorAll('details:not([open])').length") == 0
    assert browser.value("document.documentElement.scrollWidth") <= 720
