"""The site in a real browser, opened from a folder: no server, no other host, no console message."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from command import scalingbench
from made import made_up_results, suite_file

from scalingbench.common.errors import InputError
from scalingbench.leaderboard.site.build import build_site

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
SUITE = suite_file(
    """  - collection: porian
    metric: loss_val
    track: compute
    variables: [params, tokens]
    where: {curves: ["*/chinchilla"], between: {tokens/params: [4, null]}}
    split: {kind: frontier, variable: flops, train_max: 3.3e+18, name: chinchilla-decay-frontier}
  - collection: rectified_sft
    metric: loss
    track: curve
    variables: [samples]
    where: {curves: ["FLAN/*"]}
    split: {kind: frontier, variable: samples, train_max: 204800}
""",
    pool="nearest-neighbor, log-linear, mean",
    rules="{general: 0}",
)
PREDICTORS = "chinchilla[huber-log],chinchilla[l2-log],kaplan,log-linear,mean,nearest-neighbor,m4,gaussian-process"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: install Debian's package 'chromium'")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "three.yaml").write_text(SUITE)
    done = scalingbench("run", "--suite", "three.yaml", "--predictors", PREDICTORS, "--intervals", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = scalingbench("site", "--suite", "three.yaml", "--results", "out", "--out", "site", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "site: 15 pages\n"  # the board, 8 predictors, 3 collections, 3 tasks
    return folder / "site"


@pytest.fixture(scope="session")
def chromium():
    """Return one browser for all tests; each opens pages in a profile of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browse(site, chromium):
    """Give a function that opens a page at a width; afterwards there must be no message and no foreign request."""
    heard: list[str] = []
    opened = []

    def open_page(path, width=1280, scheme="light"):
        opened.append(chromium.new_context(viewport={"width": width, "height": 850}, color_scheme=scheme))
        page = opened[-1].new_page()
        page.on("console", lambda message: heard.append(f"{path}: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"{path}: {error}"))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else heard.append(f"{path}: asks {r.url}"))
        page.goto((site / path).as_uri())
        page.wait_for_function("[...document.querySelectorAll('.chart')].every(c => c.dataset.drawn)")
        shots = os.environ.get("SCALINGBENCH_SCREENSHOTS")
        if shots:
            Path(shots).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(shots) / f"{Path(path).parent.name or 'board'}-{width}-{scheme}.png", full_page=True)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert heard == []


def shown(page):
    return page.eval_on_selector_all(
        "[data-board]:not([hidden]) tbody tr:not([hidden])", "rows => rows.map(r => r.cells[1].textContent.trim())"
    )


@needs_browser
def test_the_board_sorts_filters_and_opens_a_page(browse):
    page = browse("index.html")
    board = json.loads((Path(page.url.removeprefix("file://")).parent / "data" / "board.json").read_text())
    heads = [row["predictor"] for row in board["rows"] if not row["variant_of"]]
    assert shown(page) == heads and len(heads) == 7

    page.get_by_role("button", name="predictor", exact=True).first.click()
    assert shown(page) == sorted(heads)
    page.get_by_role("button", name="skill", exact=True).first.click()
    assert shown(page) == heads
    page.get_by_role("button", name="skill", exact=True).first.click()
    assert shown(page)[0] == "mean"

    page.get_by_label("other recipes of a law").check()
    assert "chinchilla[l2-log]" in shown(page)
    page.get_by_label("Find").fill("chinch l2")
    assert shown(page) == ["chinchilla[l2-log]"] and page.inner_text("#shown") == "1 shown"
    page.get_by_label("Find").fill("")
    page.locator("#track").select_option("curve")
    assert "m4" in shown(page) and "kaplan" not in shown(page)

    page.locator("#track").select_option("")
    page.get_by_role("link", name="chinchilla[huber-log]", exact=True).first.click()
    page.wait_for_url("**/predictors/chinchilla-huber-log.html*")
    assert page.inner_text("h1") == "chinchilla[huber-log]"
    assert page.eval_on_selector("img.formula", "i => i.complete && i.naturalWidth > 50")


@needs_browser
@pytest.mark.parametrize(
    "path", ["index.html", "predictors/m4.html", "collections/porian.html", "tasks/porian-loss-val-chinchilla-decay-frontier.html"]
)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_kind_of_page_fits_a_screen_and_a_phone(browse, path, width, scheme):
    page = browse(path, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.eval_on_selector_all(".chart svg, .chart canvas", "c => c.length") >= 1
    background, ink = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
    assert (sum(map(int, background[4:-1].split(","))) < sum(map(int, ink[4:-1].split(",")))) == (scheme == "dark")


@needs_browser
def test_the_keyboard_reaches_and_works_the_controls(browse):
    page = browse("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim().slice(0, 20)"))
    assert {"search", "track", "variants", "skill", "Elo"} <= reached
    page.locator("th button", has_text="win rate").first.focus()
    page.keyboard.press("Enter")
    assert page.get_attribute("[data-board='']:not([hidden]) th:nth-child(6)", "aria-sort") == "descending"


@needs_browser
def test_a_score_links_to_its_row_and_its_result_file(browse, site):
    page = browse("predictors/m4.html")
    link = page.locator("table").last.get_by_role("link").first
    link.click()
    page.wait_for_url("**/tasks/rectified-sft-*.html#m4")
    row = page.locator("tr#m4")
    assert row.is_visible()
    target = (site / "tasks" / row.get_by_role("link").last.get_attribute("href")).resolve()
    assert target == (site / "results" / "m4.parquet").resolve() and target.is_file()


def test_every_link_leads_somewhere(site):
    from html.parser import HTMLParser

    class Links(HTMLParser):
        def __init__(self):
            super().__init__()
            self.targets, self.ids = [], set()

        def handle_starttag(self, tag, attrs):
            found = dict(attrs)
            self.ids |= {found["id"]} if "id" in found else set()
            self.targets += [found[k] for k in ("href", "src") if found.get(k) and not found[k].startswith("data:")]

    pages = {}
    for path in site.rglob("*.html"):
        pages[path.resolve()] = Links()
        pages[path.resolve()].feed(path.read_text(encoding="utf-8"))
    for path, parsed in pages.items():
        for target in parsed.targets:
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            assert there.is_file(), f"{path.name}: {target}"
            assert not anchor or there.suffix != ".html" or anchor in pages[there].ids, f"{path.name}: {target}"


def test_the_numbers_are_those_of_the_board_command(site):
    done = scalingbench("leaderboard", "--suite", "three.yaml", "--results", "out", "--variants", "--format", "json", cwd=site.parent)
    assert json.loads((site / "data" / "board.json").read_text()) == json.loads(done.stdout)


def test_it_is_ready_for_a_static_space(site):
    assert "\nsdk: static\n" in (site / "README.md").read_text(encoding="utf-8") and (site / ".nojekyll").exists()


def test_a_site_is_replaced_and_a_strangers_folder_is_not(site, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    done = scalingbench(
        "site", "--suite", str(site.parent / "three.yaml"), "--results", str(site.parent / "out"), "--out", "mine", cwd=tmp_path
    )
    assert done.returncode == 2 and "mine: not empty, and not a site" in done.stderr
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "notes.txt"]


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(InputError, match=r"the site needs altair: pip install 'scalingbench\[site\]'"):
        build_site(made_up_results({}), tmp_path / "site")
    assert list(tmp_path.iterdir()) == []
