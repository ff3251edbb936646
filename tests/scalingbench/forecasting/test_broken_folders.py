"""Folders of trackers with broken files: read, or refused in one line; whatever a library raises is no traceback."""

import json
import shutil

import numpy as np
import pytest
from trackers import events_of, mlflow_database, trainer_states

from scalingbench.common.errors import InputError
from scalingbench.forecasting.reading import read_runs

FEW, MANY = 12, 300


def wandb_folder(folder):
    wandb = pytest.importorskip("wandb")
    settings = {"mode": "offline", "dir": str(folder), "settings": wandb.Settings(silent=True, console="off")}
    for size in (1e7, 2e7):
        run = wandb.init(project="sweep", config={"n_params": int(size), "train": {"tokens": 2e9}}, **settings)
        run.log({"val/loss": 3.0})
        run.finish()


def tensorboard_folder(folder):
    pytest.importorskip("tensorboard")
    for size in (1e7, 2e7):
        events_of(folder / f"size-{size:.0f}", val__loss={1: 4.0, 2: 3.0}, n_params={1: size}, tokens={1: 1e9, 2: 2e9})


def mlflow_folder(folder):
    for i, size in enumerate((1e7, 2e7)):
        run = folder / "1" / f"run{i}"
        for name, text in (("params/n_params", f"{size:.0f}"), ("params/tokens", "2B"), ("metrics/val/loss", "1 4.0 1\n2 3.0 2\n")):
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_text(text)
        (run / "meta.yaml").write_text(f"run_id: run{i}\nrun_name: a\nstatus: 3\nlifecycle_stage: active\nexperiment_id: '1'\n")
    (folder / "1" / "meta.yaml").write_text("experiment_id: '1'\nname: sweep\nlifecycle_stage: active\n")


def lm_eval_folder(folder):
    for size in (1e7, 2e7):
        document = {
            "results": {"arc_easy": {"acc,none": 0.3, "acc_stderr,none": 0.01}},
            "configs": {"arc_easy": {}},
            "config": {"model": "hf", "model_args": f"pretrained=lab/{size:.0f},revision=step1000", "model_num_parameters": size},
            "n-shot": {"arc_easy": 0},
            "date": 1.7e9,
            "model_name": f"lab/{size:.0f}",
        }
        (folder / f"lab{size:.0f}").mkdir()
        (folder / f"lab{size:.0f}" / "results_1.json").write_text(json.dumps(document))


MAKERS = {
    "wandb": wandb_folder,
    "tensorboard": tensorboard_folder,
    "mlflow": mlflow_folder,
    "mlflow database": lambda folder: mlflow_database(folder / "mlflow.db"),
    "trainer": trainer_states,
    "lm-eval": lm_eval_folder,
}
ODD = (None, True, [], {}, "x", "", -1, 0, 1e400, 10**400, "nan", [1, [2]], {"a": {"b": 1}}, "\udcff", "٣", "2020-99-99")
LINES = (b"\n: [", b"{", b"- \n- x: &a *a", b"status: 2020-99-99", b"\x00", b"\xff\xfe", b"1 2", b"x x x", b"!!python/object:os.system x")


def truncated(rng, raw):
    return raw[: int(rng.integers(0, max(1, len(raw))))]


def flipped(rng, raw):
    data = bytearray(raw)
    for at in rng.integers(0, max(1, len(data)), int(rng.integers(1, 20))) if data else ():
        data[at] = int(rng.integers(0, 256))
    return bytes(data)


def noise(rng, raw):
    return rng.bytes(int(rng.integers(0, 200)))


def lines(rng, raw):
    at = int(rng.integers(0, len(raw) + 1))
    return raw[:at] + LINES[int(rng.integers(len(LINES)))] + raw[at:]


def types(rng, raw):
    """A value of a document, or a number of a text, becomes something of another type."""
    odd = ODD[int(rng.integers(len(ODD)))]
    try:
        document = json.loads(raw)
    except ValueError:
        words = raw.split(b" ")
        words[int(rng.integers(len(words)))] = json.dumps(odd).encode()
        return b" ".join(words)
    return json.dumps(_changed(rng, document, odd)).encode()


def _changed(rng, value, odd):
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return odd
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = keys[int(rng.integers(len(keys)))]
    held = value.copy()
    if rng.random() < 0.1:
        del held[key]
    else:
        held[key] = _changed(rng, value[key], odd)
    return held


CHANGES = (truncated, flipped, noise, lines, types)


@pytest.fixture(scope="module", params=MAKERS)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-")) / "whole"
    folder.mkdir()
    MAKERS[request.param](folder)
    read_or_refused(folder)
    return folder


def read_or_refused(folder):
    try:
        read_runs(folder)
    except InputError as error:
        text = str(error)
        assert text.isprintable() and len(text) < 1000 and text.startswith(str(folder)), text


@pytest.mark.parametrize("seeds", [range(FEW), pytest.param(range(FEW, MANY), marks=pytest.mark.full)], ids=["few", "many"])
def test_a_broken_file_is_read_or_refused_in_one_line(made, seeds, capfd):
    whole = sorted(path for path in made.rglob("*") if path.is_file())
    for seed in seeds:
        rng, broken = np.random.default_rng(seed), made.parent / "broken"
        shutil.copytree(made, broken)
        victim = broken / whole[int(rng.integers(len(whole)))].relative_to(made)
        what = rng.random()
        if what < 0.1:
            victim.unlink()
        elif what < 0.15:
            victim.unlink()
            victim.mkdir()
        else:
            victim.write_bytes(CHANGES[seed % len(CHANGES)](rng, victim.read_bytes()))
        try:
            read_or_refused(broken)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {victim.relative_to(broken)}: {error!r}") from error
        shutil.rmtree(broken)
    assert "Traceback" not in capfd.readouterr().err
