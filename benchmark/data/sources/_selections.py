"""Selections from upstream repositories that are too large to be pinned file by file.

``python -m scalingbench.benchmark.data.sources._selections algoperf CHECKOUT OUT`` writes the files that `algoperf` reads from a checkout
of its pinned commit; ``speedrun CHECKOUT CHECKOUT OUT`` those of `nanogpt_speedrun` and `parameter_golf`. Their pinned hashes say
whether the bytes are the same.

AlgoPerf: every ``eval_measurements.csv`` of a trial in its workload's folder, in the order of paths; a file whose bytes were seen
before is skipped. Of rows of one step the last counts, files with fewer than five rows left are skipped, and of more than
forty rows those at round((n - 1) (k / 39)^1.5) are kept, filled up with the earliest where they coincide.

Speedruns: every log in ``records/``; a validation point is a line ``step:S[/TOTAL] ... val_loss:L``, of one step the last
counts, logs with fewer than four points, with bytes or with points seen before are skipped, and of more than sixty points those
nearest to sixty equally spaced steps are kept.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scalingbench.common.files import replacing

__all__ = ["select_algoperf", "select_speedruns"]

_Rows = list[list[object]]
_TRIAL = re.compile(
    r"previous_leaderboards/algoperf_(v0[56])/logs/(external|self)_tuning/([^/]+)/study_(\d+)/([^/]+)_(jax|pytorch)/trial_(\d+)"
    r"/eval_measurements\.csv"
)
_WORKLOADS = {  # prefix of a workload's name -> its metric, whether more is better, what is kept
    "criteo1tb": ("loss", False, ("loss",)),
    "fastmri": ("ssim", True, ("ssim", "loss")),
    "imagenet": ("accuracy", True, ("accuracy", "loss")),
    "librispeech": ("wer", False, ("wer", "ctc_loss")),
    "ogbg": ("mean_average_precision", True, ("mean_average_precision", "loss")),
    "wmt": ("bleu", True, ("bleu", "loss")),
}
_KEY = ["version", "tuning", "submission", "study", "trial"]
_EVALUATIONS, _FEWEST_EVALUATIONS = 40, 5
_LOG = re.compile(r"records/.*\.(txt|log)", re.DOTALL)
_POINT = re.compile(
    r"^step:[ ]?(\d+)(?:/(\d+))?[ \t](?:[^\n]*?[ \t])?val_loss:[ ]?([\d.]+)"
    r"(?:[^\n]*?[ \t]val_bpb:([\d.]+))?(?:[^\n]*?[ \t]train_time:([\d.]+)ms)?",
    re.MULTILINE,
)
_SIZE = re.compile(r"^model_params:\s*(\d+)", re.MULTILINE)
_FINAL = re.compile(r"^(\S*(?:roundtrip|final|ttt|sliding)\S*)[ \t][^\n]*?val_bpb:([\d.]+)", re.MULTILINE)
_VALIDATIONS, _FEWEST_VALIDATIONS = 60, 4
_HISTORIES = (("README.md", "root"), ("records/track_3_optimization/README.md", "track_3"))
_DATE = re.compile(r"\d{4}/\d\d/\d\d|\d\d/\d\d/\d\d")


def select_algoperf(checkout: Path, out: Path) -> None:
    """Write one CSV of evaluations per workload, and ``runs.csv``, from a checkout of mlcommons/submissions_algorithms."""
    tables: dict[str, _Rows] = {}
    runs: _Rows = []
    for path, found in _unseen(checkout, _TRIAL):
        version, tuning, submission, study, workload, framework, trial = found.groups()
        measure, rising, columns = next(kept for family, kept in _WORKLOADS.items() if workload.startswith(family))
        with path.open(encoding="utf-8", newline="") as lines:
            by_step = {float(row["global_step"]): row for row in csv.DictReader(lines)}
        evaluations = sorted(by_step.items())
        if len(evaluations) < _FEWEST_EVALUATIONS:
            continue
        key: list[object] = [version, tuning, submission, study, trial]
        for step, row in (evaluations[i] for i in _dense_early(len(evaluations))):
            seconds = row.get("accumulated_submission_time", "")
            values = [_six_digits(row.get(f"validation/{column}")) for column in columns]
            tables.setdefault(workload, []).append([*key, f"{step:.0f}", f"{float(seconds):.1f}" if seconds else "", *values])
        scores = [float(row[f"validation/{measure}"]) for _, row in evaluations if row.get(f"validation/{measure}")]
        finite = [score for score in scores if math.isfinite(score)]
        last_step, last = evaluations[-1]
        ends = [f"{last_step:.0f}", f"{float(last['accumulated_submission_time']):.1f}", measure]
        best = _six_digits((max if rising else min)(finite)) if finite else ""
        chosen = _compact(path.with_name("hparams.json"))
        runs.append([workload, *key, framework, len(evaluations), *ends, best, _six_digits(last.get(f"validation/{measure}")), chosen])
    for workload, rows in sorted(tables.items()):
        kept = next(columns for family, (_, _, columns) in _WORKLOADS.items() if workload.startswith(family))
        _write(out / f"{workload}.csv", [*_KEY, "global_step", "submission_time_s", *(f"validation_{c}" for c in kept)], rows)
    ends = ["framework", "n_evals", "last_step", "last_time_s", "metric", "best", "last", "hparams"]
    _write(out / "runs.csv", ["workload", *_KEY, *ends], runs)


def select_speedruns(modded: Path, golf: Path, out: Path) -> None:
    """Write curves, runs and history from checkouts of KellerJordan/modded-nanogpt and openai/parameter-golf."""
    curves: _Rows = []
    runs: _Rows = []
    for name, points, _ in _logs(modded):
        folder, *rest = name.split("/")[1:]
        step, total, loss, _, milliseconds = points[-1]
        runs.append([len(runs), folder.split("_")[1], "/".join(rest), len(points), step, total, loss, milliseconds])
        curves += [[len(runs) - 1, step, loss, time] for step, _, loss, _, time in _equally_spaced(points)]
    head = ["run", "track", "path", "n_points", "last_step", "total_steps", "last_val_loss", "last_train_time_ms"]
    _write(out / "speedrun_runs.csv", head, runs)
    _write(out / "speedrun_curves.csv", ["run", "step", "val_loss", "train_time_ms"], curves)
    _write(out / "history.csv", ["readme", "section", "record", "value", "date", "description"], _history(modded))
    curves, runs = [], []
    for name, points, text in _logs(golf):
        folder, *rest = name.split("/")[1:]
        size, final = _SIZE.search(text), _FINAL.findall(text)
        described = [len(runs), folder.removeprefix("track_"), "/".join(rest), size[1] if size else "", len(points), *points[-1]]
        runs.append([*described, *((final[-1][0].strip(":"), final[-1][1]) if final else ("", ""))])
        curves += [[len(runs) - 1, step, loss, bits, time] for step, _, loss, bits, time in _equally_spaced(points)]
    ends = ["last_step", "total_steps", "last_val_loss", "last_val_bpb", "last_train_time_ms", "final_label", "final_val_bpb"]
    _write(out / "golf_runs.csv", ["run", "track", "path", "model_params", "n_points", *ends], runs)
    _write(out / "golf_curves.csv", ["run", "step", "val_loss", "val_bpb", "train_time_ms"], curves)


def _unseen(checkout: Path, wanted: re.Pattern[str]) -> Iterator[tuple[Path, re.Match[str]]]:
    """Yield the files with a matching name, in the order of names, each content once."""
    seen: set[bytes] = set()
    names = sorted(path.relative_to(checkout).as_posix() for path in checkout.rglob("*") if path.is_file())
    for found in filter(None, map(wanted.fullmatch, names)):
        path = checkout / found.string
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield path, found


def _dense_early(length: int) -> list[int]:
    if length <= _EVALUATIONS:
        return list(range(length))
    last = _EVALUATIONS - 1
    kept = {int((length - 1) * (k / last) ** 1.5 + 0.5) for k in range(_EVALUATIONS)}
    earliest = 0
    while len(kept) < _EVALUATIONS:
        kept.add(earliest)
        earliest += 1
    return sorted(kept)


def _six_digits(text: object) -> str:
    try:
        return f"{float(str(text)):.6g}"
    except ValueError:
        return ""


def _compact(path: Path) -> str:
    if not path.is_file():
        return ""
    return json.dumps(json.loads(path.read_text(encoding="utf-8")), sort_keys=True, separators=(",", ":"))


def _logs(checkout: Path) -> Iterator[tuple[str, list[tuple[int, str, str, str, str]], str]]:
    """Yield name, validation points and text of every log that counts."""
    seen: set[tuple[tuple[int, str], ...]] = set()
    for path, found in _unseen(checkout, _LOG):
        text = path.read_bytes().decode("utf-8", "replace")
        by_step = {int(point[0]): point for point in _POINT.findall(text)}
        points = [(step, *by_step[step][1:]) for step in sorted(by_step)]
        curve = tuple((step, f"{float(loss):.4f}") for step, _, loss, *_ in points)
        if len(points) >= _FEWEST_VALIDATIONS and curve not in seen:
            seen.add(curve)
            yield found.string, points, text


def _equally_spaced(points: list[tuple[int, str, str, str, str]]) -> list[tuple[int, str, str, str, str]]:
    if len(points) <= _VALIDATIONS:
        return points
    first, last = points[0][0], points[-1][0]
    wanted = [first + (last - first) * k / (_VALIDATIONS - 1) for k in range(_VALIDATIONS)]
    kept = {min(range(len(points)), key=lambda i: (abs(points[i][0] - step), i)) for step in wanted}
    return [points[i] for i in sorted(kept | {0, len(points) - 1})]


def _history(checkout: Path) -> _Rows:
    """Return the rows of the record tables: number, value as written, ISO date, description without links."""
    rows: _Rows = []
    for file, label in _HISTORIES:
        section = ""
        for line in (checkout / file).read_text(encoding="utf-8").splitlines():
            section = line.strip("# ").strip() if line.startswith("#") else section
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) < 5 or not re.fullmatch(r"\d+", cells[0]):
                continue
            text = cells[3] if label == "track_3" else cells[2]
            description = re.sub(r"\]\([^)]*\)", "]", text)[:160]
            rows.append([label, section, cells[0], cells[1], _iso(cells), description])
    return rows


def _iso(cells: list[str]) -> str:
    date = next((cell for cell in cells if _DATE.fullmatch(cell)), "")
    return f"20{date[6:]}-{date[:2]}-{date[3:5]}" if len(date) == 8 else date.replace("/", "-")


def _write(path: Path, head: list[str], rows: _Rows) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


if __name__ == "__main__":
    what, *folders = sys.argv[1:]
    if what == "algoperf":
        select_algoperf(*map(Path, folders))
    else:
        select_speedruns(*map(Path, folders))
