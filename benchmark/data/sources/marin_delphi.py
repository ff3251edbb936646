"""Marin's ladders and large runs (2026): what forecasts were made from before a run had ended, and what came out.

Every file is a transcription by hand of issues, README tables and literals in scripts. The column ``split`` replays
three forecasts: the rows that their authors fitted train, the run that they forecast is held out.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile("marin_delphi", "moe_isoflop_cells.csv", "d7b864138036075fb53324c215f454057dd9f26eb752aea8feb34f30f61b43f6"),
    UpstreamFile("marin_delphi", "moe_other_cells.csv", "71b47e38e918845d6cfc814d48eacc63c4a8fbb543c16fab3ff81d84cad70abd"),
    UpstreamFile("marin_delphi", "aug_lr_sweep_best.csv", "5093723e37ad9763d8a30c3c9ec5edb9314872f0111030d1726bb0aa7e6c50e7"),
    UpstreamFile("marin_delphi", "hero_ladder_evals.csv", "69be0a5ffa2d832bf0504eedfa1db31d729b63be85b10c4a94876817e020810a"),
    UpstreamFile("marin_delphi", "hero_matched_progress.csv", "dea9a6336c4f449a58fd97f483d65e977e996af883ef94f9cd49e45dafe562d8"),
    UpstreamFile("marin_delphi", "delphi_ladder.csv", "f1599cc4b88a5821a021e77469becfdfdb4ddd6181ffc7427f44586bc4f2f1c3"),
    UpstreamFile("marin_delphi", "forecasts.csv", "4ad6958ac852a78cc7233a0cc0f3f90f5293643d6333072ef2d1371070426334"),
)

_EPOCH = pd.Timestamp("2020-01-01")
_KNOWN_BY = {  # the day of the forecast that used the rows, or of the post that reported the outcome
    "v16": "2026-04-10",
    "moe-1e23": "2026-05-20",
    "aug_hero": "2026-08-06",
    "moe67b_anchor": "2026-06-27",
    "moe67b_target": "2026-08-14",
    "hero_rung": "2026-08-18",
    "hero": "2026-09-15",
}
_FIT_MAX = 3e20
"""Largest budget with an optimum in the forecast of the 1e23 run."""
_FLAGS = {"diverged": "diverged", "not started": "missing"}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return all measured losses: MoE IsoFLOP cells and ladders, the 535B ladder along training, dense Delphi runs."""
    cells = pd.read_csv(paths["moe_isoflop_cells.csv"])
    forecasts = pd.read_csv(paths["forecasts.csv"])
    return pd.concat(
        [
            _cells(cells),
            _optima(cells, _row(forecasts, "moe-1e23")),
            _ladders(pd.read_csv(paths["moe_other_cells.csv"])),
            _sweep(pd.read_csv(paths["aug_lr_sweep_best.csv"])),
            _rungs(pd.read_csv(paths["hero_ladder_evals.csv"])),
            _hero(pd.read_csv(paths["hero_matched_progress.csv"]), _row(forecasts, "hero-final")),
            _delphi(pd.read_csv(paths["delphi_ladder.csv"])),
        ],
        ignore_index=True,
    )


def _row(forecasts: pd.DataFrame, name: str) -> pd.Series:
    return forecasts[forecasts["forecast_id"] == name].iloc[0]


def _day(name: str) -> float:
    return (pd.Timestamp(_KNOWN_BY[name]) - _EPOCH).days / 365.25 if name in _KNOWN_BY else float("nan")


def _cell(cells: pd.DataFrame) -> pd.Series:
    return cells["recipe"] + "-" + cells["budget_flops"].map("{:.0e}".format) + "-d" + cells["hidden_dim"].astype(str)


def _cells(cells: pd.DataFrame) -> pd.DataFrame:
    cells = cells[~cells["status"].str.startswith(("best", "single"))]
    flag = cells["status"].map(lambda s: "interrupted" if s.startswith("running") else _FLAGS.get(s, ""))
    return pd.DataFrame(
        {
            "curve": "moe-isoflop/" + cells["recipe"],
            "run": _cell(cells),
            "metric": "loss_paloma",
            "value": cells["paloma_macro_loss"],
            "flops": cells["budget_flops"],
            "tokens": cells["tokens"],
            "width": cells["hidden_dim"],
            "date": cells["recipe"].map(_day),
            "flag": flag,
        }
    )


def _optima(cells: pd.DataFrame, target: pd.Series) -> pd.DataFrame:
    done = cells[(cells["recipe"] == "v16") & ~cells["status"].isin(_FLAGS)]
    best = done.loc[done.groupby("budget_flops")["paloma_macro_loss"].idxmin()]
    rows = pd.DataFrame({"run": _cell(best), "value": best["paloma_macro_loss"]})
    rows = rows.assign(flops=best["budget_flops"], tokens=best["tokens"], width=best["hidden_dim"], date=_day("v16"))
    rows["split"] = (rows["flops"] <= _FIT_MAX).map({True: "train", False: ""})
    outcome = {"run": "moe-1e23-d5120", "value": target["outcome"], "flops": target["flops"], "tokens": target["tokens"], "width": 5120.0}
    rows = pd.concat([rows, pd.DataFrame([outcome | {"date": _day("moe-1e23"), "split": "test"}])], ignore_index=True)
    return rows.assign(curve="moe-optima/v16", metric="loss_paloma")


def _ladders(cells: pd.DataFrame) -> pd.DataFrame:
    replayed = cells["series"].map({"moe67b_anchor": "train", "moe67b_target": "test"}).fillna("")
    curve = cells["series"].str.replace("_compute_opt", "").str.replace(r"moe67b_.*", "67b", regex=True)
    return pd.DataFrame(
        {
            "curve": "moe-ladder/" + curve,
            "run": curve + "-d" + cells["hidden_dim"].astype(str),
            "metric": "loss_paloma",
            "value": cells["paloma_macro_loss"],
            "flops": cells["flops"],
            "tokens": cells["tokens"],
            "width": cells["hidden_dim"],
            "params_active": cells["active_params_nonemb"],
            "params_total": cells["total_params_nonemb"],
            "date": cells["series"].map(_day),
            "split": replayed,
        }
    )


def _sweep(best: pd.DataFrame) -> pd.DataFrame:
    ratio = best["tokens_per_active_param"].astype(float)
    rows = pd.DataFrame({"run": "aug-d" + best["hidden_dim"].astype(str) + "-" + ratio.map("{:g}".format), "tokens_per_param": ratio})
    return rows.assign(curve="aug-lr-sweep", metric="loss_paloma", value=best["best_paloma_macro_loss"], width=best["hidden_dim"])


def _rungs(evaluations: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame({"run": "hero-ladder-" + evaluations["rung"], "value": evaluations["dropless_paloma_macro_loss"]})
    rows["steps"] = evaluations["step"].astype(float)
    rows["progress"] = rows["steps"] / evaluations["total_steps"]
    rows["flops"] = rows["steps"] * evaluations["flops_per_step_no_lm_head"]
    rows["width"] = evaluations["rung"].str.removeprefix("d").astype(float)
    return rows.assign(curve="hero", metric="loss_paloma_dropless", date=_day("hero_rung"), split="train")


def _hero(points: pd.DataFrame, target: pd.Series) -> pd.DataFrame:
    rows = pd.DataFrame({"value": points["measured_paloma_macro_loss"], "steps": points["step"].astype(float)})
    rows["progress"] = rows["steps"] / points["total_steps"]
    rows["flops"] = rows["progress"] * float(target["flops"])
    return rows.assign(curve="hero", run="hero-d6144", metric="loss_paloma_dropless", width=6144.0, date=_day("hero"), split="test")


def _delphi(ladder: pd.DataFrame) -> pd.DataFrame:
    runs = pd.DataFrame({"curve": "delphi", "run": "delphi-" + ladder["budget_flops"].map("{:.0e}".format)})
    runs = runs.assign(params=ladder["params"], tokens=ladder["tokens"], flops=ladder["budget_flops"])
    loss = runs.assign(metric="loss_paloma", value=ladder["paloma_macro_loss"])
    bits = runs.assign(metric="loss_bpb_c4", value=ladder["c4_en_bpb_best"])
    return pd.concat([loss, bits], ignore_index=True).dropna(subset="value")
