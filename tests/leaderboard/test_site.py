"""The site in a real browser, opened from a folder: no server, no other host, no console message."""

import html
import json
import os
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import scalingbench
from made import made_up_results, suite_file
from once import once

from scalingbench.common.errors import InputError
from scalingbench.common.project import REPOSITORY, SITE
from scalingbench.leaderboard.ratios import LEVEL, signed_rank
from scalingbench.leaderboard.results import Results
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
    where: {curves: ["FLAN/facebook/opt-*"]}
    split: {kind: frontier, variable: samples, train_max: 204800}
""",
    pool="nearest-neighbor, log-linear, mean",
    rules="{general: 0}",
)
PREDICTORS = "chinchilla[huber-log],chinchilla[l2-log],kaplan,log-linear,mean,nearest-neighbor,m4,gaussian-process"
TASK = "tasks/porian-loss-val-chinchilla-decay-frontier.html"
TEXTS = ("which.html", "submit.html", "rules.html", "audit.html", "about.html")
PAGES = (
    "index.html",
    "compare.html",
    "predictors.html",
    "tasks.html",
    "data.html",
    "findings.html",
    "forecasts.html",
    "predictors/m4.html",
    "collections/porian.html",
    TASK,
    *TEXTS,
)
HOSTS = {"arxiv.org", "github.com", SITE.split("/")[2]}
"""Hosts that pages link to; the last has the documentation."""
WIDTHS = ((390, 844), (768, 1024), (1440, 900))
FIRST_SCREEN = (
    ".whiskers li",
    ".whiskers li:nth-child(5) b",
    "#board tbody tr:nth-child(2) td.name",
    "#board tbody tr:nth-child(2) td:nth-child(3)",
)
SMALL = "e => e.childElementCount === 0 && e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 12"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: install Debian's package 'chromium'")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return once(tmp_path_factory, "site-of-three", _built) / "site"


def _built(folder):
    (folder / "three.yaml").write_text(SUITE)
    done = scalingbench("run", "--suite", "three.yaml", "--predictors", PREDICTORS, "--intervals", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = scalingbench("site", "--suite", "three.yaml", "--results", "out", "--out", "site", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "site: 26 pages\n"  # 7 of the whole, 5 of text, 8 predictors, 3 tasks, 3 collections


@pytest.fixture(scope="module")
def results(site) -> Results:
    return Results.load(str(site.parent / "three.yaml"), site.parent / "out")


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

    def open_page(path, width=1440, scheme="light"):
        size = {"width": width, "height": dict(WIDTHS)[width]}
        opened.append(chromium.new_context(viewport=size, color_scheme=scheme, accept_downloads=True))
        page = opened[-1].new_page()
        page.on("console", lambda message: heard.append(f"{path}: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"{path}: {error}"))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else heard.append(f"{path}: asks {r.url}"))
        file, _, query = path.partition("?")
        page.goto((site / file).as_uri() + (f"?{query}" if query else ""))
        page.wait_for_function("[...document.querySelectorAll('.chart')].every(c => c.dataset.drawn)")
        if "SCALINGBENCH_SCREENSHOTS" in os.environ:
            _save_screenshots(page, path, scheme)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert heard == []


def _save_screenshots(page, path, scheme):
    """Save a page at every width, and leave it at its own."""
    folder, name = Path(os.environ["SCALINGBENCH_SCREENSHOTS"]), re.sub(r"[^a-z0-9]+", "-", path.removesuffix(".html"))
    folder.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for wide, high in WIDTHS:
        page.set_viewport_size({"width": wide, "height": high})
        page.screenshot(path=folder / f"{name}-{wide}-{scheme}.png", full_page=True)
    page.set_viewport_size(before)


def shown(page):
    return page.eval_on_selector_all("#board tbody tr", "rows => rows.map(r => r.querySelector('.name').textContent.trim())")


def query_of(page):
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")


def box(page, selector):
    """Return the ends of the first such element: left, top, right, bottom."""
    return page.eval_on_selector(selector, "e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; }")


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_screen_has_picture_predictor_and_skill(browse, scheme):
    page = browse("index.html", scheme=scheme)
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert box(page, "header")[3] < 80  # two lines
        for selector in FIRST_SCREEN:
            left, top, right, bottom = box(page, selector)
            assert left >= 0 and top >= 0 and right <= width and bottom <= height, f"{selector} is not in view at {width}"
        assert [t.split()[0] for t in page.locator("#board th:visible").all_inner_texts()[:3]] == ["rank", "predictor", "skill"]
        cut = page.eval_on_selector_all(".scroll", "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)")
        assert cut == [], f"columns are cut at {width}"


@needs_browser
@pytest.mark.parametrize("path", PAGES)
def test_every_kind_of_page_fits_three_widths(browse, path):
    page = browse(path)
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if width == 390 else "light")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"
        assert page.evaluate(f"[...document.querySelectorAll('body *')].filter({SMALL}).map(e => e.outerHTML)") == []
        background, ink = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
        assert (sum(map(int, background[4:-1].split(","))) < sum(map(int, ink[4:-1].split(",")))) == (width == 390)


@needs_browser
def test_the_board_has_the_cells_of_the_terminal(browse, results):
    """Those of the columns that it shows first, in the same order of rows."""
    page = browse("index.html")
    table = results.board().cut(variants=False).table()
    cells = page.eval_on_selector_all("#board tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.textContent))")
    headings = page.eval_on_selector_all("#board th", "heads => heads.map(h => h.textContent)")
    there = [table.header.index(heading) for heading in headings if heading != "95 %"]
    ours = [[row[i] for i, heading in enumerate(headings) if heading != "95 %"] for row in cells]
    assert len(ours) == 7 and {"rank", "predictor", "skill", "win rate", "fit ms"} <= set(headings)
    assert [[c.replace("−", "-").replace("–", "-") for c in row] for row in ours] == [
        [row[i].split(" [")[0] for i in there] for row in table.rows
    ]


@needs_browser
def test_sorting_and_filters_are_in_the_address(browse):
    page = browse("index.html")
    heads = shown(page)
    page.get_by_role("button", name="predictor", exact=True).first.click()
    assert shown(page) == sorted(heads) and query_of(page) == {"sort": "predictor"}
    page.locator("#variants").check()
    page.locator("#q").fill("chinch l2")
    assert shown(page) == ["chinchilla[l2-log]"] and "1 of 8 predictors shown" in page.inner_text("#shown")
    assert query_of(page) == {"sort": "predictor", "variants": "yes", "q": "chinch l2"}
    page.reload()
    assert shown(page) == ["chinchilla[l2-log]"]

    page = browse("index.html?track=curve")
    page.wait_for_function("document.getElementById('shown').textContent.includes('ranked on 1 tasks')")
    assert "m4" in shown(page) and "kaplan" not in shown(page)
    page.locator("#kind").select_option("published")
    assert shown(page) == ["m4"] and query_of(page) == {"track": "curve", "kind": "published"}

    page = browse("index.html?columns=predictor,skill,elo", 390)
    assert page.locator("#board th:visible").all_inner_texts() == ["predictor", "skill", "95 %", "Elo", "95 %"]


@needs_browser
def test_a_view_of_one_reach_has_the_skill_of_its_tasks(browse, results):
    far = results.statements.set_index("task")["far"]
    page = browse("index.html?kind=all&reach=3x%20to%2010x")
    page.wait_for_function("document.getElementById('shown').textContent.includes('ranked on')")
    tasks = far.index[(far > 3) & (far <= 10)]
    matrix = results.matrix.on(tasks)
    skill = dict(zip(matrix.predictors, matrix.skill(), strict=True))
    cells = page.eval_on_selector_all("#board tbody tr", "rows => rows.map(r => [r.cells[1].textContent, r.cells[2].textContent])")
    assert 0 < len(tasks) < len(far) and f"ranked on {len(tasks)} tasks" in page.inner_text("#shown")
    assert cells and {name: value.replace("−", "-") for name, value in cells} == {name: f"{skill[name]:.3f}" for name, _ in cells}


@needs_browser
def test_the_view_is_downloaded_and_cited(browse):
    page = browse("index.html?q=chin")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert "predictor" in lines[0].split(",") and len(lines) == 2 and "chinchilla[huber-log]" in lines[1]
    with page.expect_download() as saved:
        page.get_by_role("button", name="JSON").click()
    content = json.loads(Path(saved.value.path()).read_text())
    assert content["q"] == "chin" and [row["predictor"] for row in content["rows"]] == ["chinchilla[huber-log]"]
    page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    page.get_by_role("button", name="Cite this view").click()
    assert "@misc{" in page.evaluate("window.copied") and "index.html?q=chin}" in page.evaluate("window.copied")


@needs_browser
def test_head_to_head_states_the_ratio_on_common_tasks(browse, results):
    page = browse("compare.html?a=kaplan&b=m4")
    assert "No common task" in page.inner_text("#verdict")
    page.locator("#b").select_option("chinchilla[huber-log]")
    assert query_of(page) == {"a": "kaplan", "b": "chinchilla[huber-log]"}
    matrix = results.matrix
    log = matrix.log_ratio[matrix.place_of("kaplan")] - matrix.log_ratio[matrix.place_of("chinchilla[huber-log]")]
    both = ~np.isnan(log)
    ratio = np.exp((log[both] * matrix.weight[both]).sum() / matrix.weight[both].sum())
    said = page.inner_text("#verdict")
    assert both.sum() == 2 and "on 2 common tasks in 2 clusters" in said
    assert abs(float(re.search(r"the error of kaplan is (\S+) \[", said).group(1)) - ratio) < 0.0051
    assert f"kaplan wins {(log[both] < 0).sum()}, chinchilla[huber-log] wins {(log[both] > 0).sum()}" in said
    assert page.eval_on_selector_all(".matrix tbody tr", "rows => rows.length") == 7
    page.locator(".matrix a").first.click()
    page.wait_for_function("new URLSearchParams(location.search).get('a') !== 'kaplan' || location.search === ''")


@needs_browser
def test_head_to_head_tests_as_the_findings_do(browse):
    """The page's signed-rank test has the p-values of scipy: random differences, rounded ones with ties and zeros, and one."""
    page, rng = browse("compare.html?a=mean&b=gaussian-process"), np.random.default_rng(0)
    samples = [rng.normal(0.4, 1.0, n) for n in (2, 5, 13, 37)] + [np.round(rng.normal(0.5, 1.0, n), 1) for n in (6, 12)] + [np.zeros(4)]
    ours = page.evaluate("all => all.map(SB.signedRank)", [list(map(float, sample)) for sample in samples])
    assert ours == pytest.approx([signed_rank(sample, np.zeros(len(sample))) for sample in samples], abs=1e-9)
    said = page.inner_text("#verdict")
    low = float(re.search(r" is \S+ \[(\S+),", said).group(1))
    assert low > 1 and said.startswith("Not distinguishable on 3 common tasks in 3 clusters")  # no test of three finds a difference


def test_the_data_of_head_to_head_have_the_level_of_the_findings(site):
    assert f'"level":{LEVEL}' in (site / "data" / "compare.js").read_text()


@needs_browser
def test_a_task_shows_runs_predictions_and_residuals(browse, results, site):
    page = browse(TASK)
    laws = page.locator("#fit .legend button").all_inner_texts()
    assert laws[:2] == ["trained on", "held out"] and len(laws) > 3
    (task,) = (t for t in results.tasks if t.collection == "porian")
    dots = page.locator("#residuals circle").count()
    assert dots == (len(laws) - 2) * len(task.folds[0].y_test)
    page.locator("#fold").select_option(label=task.folds[1].name)
    assert page.locator("#residuals circle").count() == (len(laws) - 2) * len(task.folds[1].y_test)
    assert f'sb.load_task("{task.id}"' in page.inner_text("pre")
    drawn = json.loads((site / "data" / TASK).with_suffix(".js").read_text().removeprefix("SB.data(").removesuffix(");\n"))
    assert drawn["laws"] == laws[2:] and [None in line["y"] for line in drawn["folds"][1]["lines"]] == [False] * 3
    assert f"at {drawn['other']} " in page.inner_text("#lines") and page.locator("#fit path.mark").count() == 3 * (len(laws) - 2)
    row = page.locator("#scores tbody tr").first
    best = results.scores[results.scores["task"] == task.id].sort_values("error").iloc[0]
    assert row.inner_text().split("\t")[:2] == [best["predictor"], f"{best['error']:.4f}"]


@needs_browser
def test_the_keyboard_reaches_and_works_the_controls(browse):
    page = browse("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(45):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim().slice(0, 20)"))
    assert {"More", "track", "kind", "reach", "q", "variants", "Columns", "skill", "win rate"} <= reached
    page.locator("th button", has_text="win rate").focus()
    page.keyboard.press("Enter")
    assert page.get_attribute("th:has(button:text('win rate'))", "aria-sort") == "descending"


class Page(HTMLParser):
    """The identifiers of a page, and the targets of its links."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.ids = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found["id"]} if "id" in found else set()
        self.targets += [found[k] for k in ("href", "src") if found.get(k)]


def test_every_link_leads_somewhere(site):
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    outside = set()
    for path, parsed in pages.items():
        for target in parsed.targets:
            if target.startswith("https://"):
                outside.add(target.split("/")[2])
                assert target.split("/")[2] in HOSTS, target
                continue
            file, _, anchor = target.split("?")[0].partition("#")
            there = (path.parent / file).resolve() if file else path
            assert there.is_file(), f"{path.name}: {target}"
            assert not anchor or there.suffix != ".html" or anchor in pages[there].ids, f"{path.name}: {target}"
    assert outside == HOSTS


def test_links_into_the_repository_lead_to_files(site):
    root = Path(__file__).parents[2]
    found = {
        t.removeprefix(f"{REPOSITORY}/") for path in site.rglob("*.html") for t in Page(path).targets if t.startswith(f"{REPOSITORY}/")
    }
    files = {t.split("/", 2)[2].partition("#")[0] for t in found if t.startswith(("blob/main/", "tree/main/"))}
    own_suite = {"leaderboard/results/three.yaml", "leaderboard/results/three"}
    assert len(files) > 10 and [f for f in files - own_suite if not (root / f).exists()] == []


def test_the_counts_agree_on_every_page(site):
    """What the documentation says on three pages has counts of its own, which `perf.regenerate` checks."""
    read = {path: re.sub(r"<article>.*</article>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL) for path in site.rglob("*.html")}
    texts = {path: re.sub(r"<[^>]+>", "", text) for path, text in read.items()}
    for pattern in (r"(?<!first )(\d+) predictors\b", r"(\d+) tasks of \d+ collections", r"(\d+) collections\b"):
        said = {n for text in texts.values() for n in re.findall(pattern, text)}
        assert len(said) == 1, f"{pattern}: {said}"


def test_pages_of_text_are_those_of_the_documentation(site):
    """Every heading of the source is on the page; links between such pages stay on the site."""
    root = Path(__file__).parents[2]
    for name in ("rules", "audit"):
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        said = re.findall(r"^##+ (.*)$", (root / "docs" / f"{name}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
        shown = [html.unescape(re.sub(r"<[^>]+>", "", text)) for text in re.findall(r"<h[234] id=[^>]*>(.*?)</h", page)]
        assert len(said) > 3 and shown == [text.replace("`", "") for text in said] and "&lt;!--" not in page
    assert 'href="audit.html#claims-about-tuning"' in (site / "rules.html").read_text(encoding="utf-8")
    submit = (site / "submit.html").read_text(encoding="utf-8")
    assert "scalingbench submit my_law.py:MyLaw" in submit and "Add a collection" not in submit


def test_pages_are_light(site):
    assert {path.name: path.stat().st_size for path in site.rglob("*.html") if path.stat().st_size > 100_000} == {}


def test_a_page_of_a_law_says_what_its_constants_mean(site):
    page = (site / "predictors" / "m4.html").read_text(encoding="utf-8")
    assert '<td>eps_inf</td><td class="text wrap">irreducible value, the limit of infinite scale</td>' in page


def test_pages_have_what_links_show(site):
    page = (site / "predictors" / "m4.html").read_text(encoding="utf-8")
    assert f'<meta property="og:image" content="{SITE}/assets/preview.png">' in page and '<meta name="description" content="m4: ' in page
    assert (site / "assets" / "preview.png").read_bytes()[:4] == b"\x89PNG" and (site / "assets" / "favicon.svg").is_file()


def test_the_numbers_are_those_of_the_board_command(site):
    done = scalingbench("leaderboard", "--suite", "three.yaml", "--results", "out", "--variants", "--format", "json", cwd=site.parent)
    assert json.loads((site / "data" / "board.json").read_text()) == json.loads(done.stdout)


def test_the_board_of_all_predictors_is_a_parquet_file(site, results):
    found = pd.read_parquet(site / "data" / "board.parquet")
    assert found["predictor"].tolist() == results.everyone.rows["predictor"].tolist() and found["skill"].notna().all()


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
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match=r"the site needs jinja2: pip install 'scalingbench\[site\]'"):
        build_site(made_up_results({}), tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.full
def test_the_whole_site_weighs_at_most_12_megabytes(tmp_path):
    build_site(Results.load("v3"), tmp_path / "site")
    sizes = {path: path.stat().st_size for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert sum(sizes.values()) <= 12e6 and len(sizes) > 1000
    assert {path.name: size for path, size in sizes.items() if path.suffix == ".html" and size > 100_000} == {}
