"""Files that the trackers themselves write are read as runs."""

import json
from pathlib import Path

import pytest

from scalingbench.common.errors import InputError
from scalingbench.forecasting.importers.wandb import import_wandb
from scalingbench.forecasting.reading import Options, read_runs

SIZES = {1e7: 3.9, 2e7: 3.6, 4e7: 3.4}


def curve(last):
    return [last + 1.0, last + 0.4, last]


def check(runs, tokens=2e9):
    table = runs.table.sort_values("params")
    assert table["params"].tolist() == list(SIZES)
    assert table["value"].tolist() == pytest.approx(list(SIZES.values())) and (table["tokens"] == tokens).all()
    assert runs.metric == "loss"


@pytest.fixture(scope="module")
def wandb_folder(tmp_path_factory):
    wandb = pytest.importorskip("wandb")
    folder = tmp_path_factory.mktemp("wandb")
    settings = {"mode": "offline", "dir": str(folder), "settings": wandb.Settings(silent=True, console="off")}
    for size, last in SIZES.items():
        run = wandb.init(project="sweep", config={"n_params": int(size), "train": {"tokens": 2e9, "lr": 3e-4}}, **settings)
        for value in curve(last):
            run.log({"val/loss": value})
        run.finish()
    run = wandb.init(project="sweep", config={"n_params": 7}, **settings)
    run.log({"val/loss": 9.0})
    run.finish(exit_code=1)
    return folder


def test_offline_runs_of_weights_and_biases(wandb_folder):
    runs = read_runs(wandb_folder)
    check(runs)
    assert runs.dropped == {"of runs that did not finish": 1} and (runs.table["learning_rate"] == 3e-4).all()


def test_a_wandb_file_that_was_cut_off_is_a_run_that_did_not_finish(wandb_folder, tmp_path):
    whole = next(iter(sorted(wandb_folder.rglob("*.wandb")))).read_bytes()
    (tmp_path / "run-a.wandb").write_bytes(whole[: len(whole) * 2 // 3])
    assert import_wandb(tmp_path, [tmp_path / "run-a.wandb"])["state"].tolist() == ["crashed"]
    (tmp_path / "run-b.wandb").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"run-b.wandb: is not a file of Weights"):
        import_wandb(tmp_path, [tmp_path / "run-b.wandb"])


def test_the_file_store_of_mlflow(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    client = MlflowClient((tmp_path / "mlruns").as_uri())
    experiment = client.create_experiment("sweep")
    for size, last in SIZES.items():
        run = client.create_run(experiment).info.run_id
        metrics = [Metric("val_loss", value, 0, step) for step, value in enumerate(curve(last))]
        client.log_batch(run, metrics=metrics, params=[Param("n_params", str(int(size))), Param("train_tokens", "2B")])
        client.set_terminated(run)
    client.create_run(experiment)  # still running
    runs = read_runs(tmp_path / "mlruns")
    check(runs)
    assert runs.dropped == {"of runs that did not finish": 1}
    check(read_runs(tmp_path / "mlruns" / experiment))


def test_event_files_of_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    writers = pytest.importorskip("tensorboardX")
    for size, last in SIZES.items():
        with writers.SummaryWriter(str(tmp_path / f"size-{size:.0f}")) as writer:
            for step, value in enumerate(curve(last)):
                writer.add_scalar("val/loss", value, step)
                writer.add_scalar("tokens", 1e9 * step, step)
            writer.add_hparams({"n_params": size, "lr": 3e-4}, {"hparam/done": 1.0})
    runs = read_runs(tmp_path)
    check(runs)
    assert sorted(runs.table["run"]) == [f"size-{size:.0f}" for size in sorted(SIZES, key=str)]


STATE = json.loads((Path(__file__).parent / "trainer_state.json").read_text())
"""Written by ``TrainerState.save_to_json`` of transformers 5.23."""


def trainer_states(folder):
    for size, last in SIZES.items():
        state = json.loads(json.dumps(STATE))
        state["total_flos"] = 6 * size * 2e9
        state["log_history"][-1]["eval_loss"] = last
        checkpoint = folder / f"size-{size:.0f}" / "checkpoint-1000"
        checkpoint.mkdir(parents=True)
        (checkpoint / "trainer_state.json").write_text(json.dumps(state))
        (checkpoint / "config.json").write_text(json.dumps({"hidden_size": 256, "num_hidden_layers": 4}))


def test_the_state_of_the_hugging_face_trainer(tmp_path):
    trainer_states(tmp_path)
    runs = read_runs(tmp_path)
    assert runs.table["value"].tolist() == list(SIZES.values()) and (runs.table["tokens"] == 2e9).all()
    assert (runs.table["flops"] / 6 / runs.table["tokens"]).tolist() == pytest.approx(list(SIZES))
    assert (runs.table["width"] == 256).all() and runs.dropped == {"before a run's last": 3}


def test_that_state_is_what_the_trainer_writes(tmp_path):
    transformers = pytest.importorskip("transformers")
    state = transformers.TrainerState.load_from_json(str(Path(__file__).parent / "trainer_state.json"))
    state.save_to_json(str(tmp_path / "again.json"))
    assert json.loads((tmp_path / "again.json").read_text()) == STATE


def test_results_of_the_evaluation_harness():
    """The files were written by ``EvaluationTracker.save_results_aggregated`` of lm-eval 0.4.13."""
    folder = Path(__file__).parent / "lm_eval"
    with pytest.raises(InputError, match="has several of metric: accuracy_arc_easy, accuracy_norm_arc_easy, perplexity_word_wikitext"):
        read_runs(folder)
    runs = read_runs(folder, Options(metric="accuracy_arc_easy"))
    table = runs.table.sort_values("params")
    assert table["params"].tolist() == [70426624, 162322944] and table["value"].tolist() == [0.375, 0.436]
    assert table["run"].tolist() == ["EleutherAI/pythia-70m", "EleutherAI/pythia-160m"]


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"no runs in it; the known trackers are Weights & Biases \(\*\.wandb\), TensorBoard"):
        read_runs(tmp_path)


@pytest.mark.parametrize(("file", "library"), [("a.wandb", "wandb"), ("events.out.tfevents.1", "tensorboard"), ("1/meta.yaml", "mlflow")])
def test_a_missing_library_is_named_with_its_extra(file, library, tmp_path, monkeypatch):
    import sys

    for name in [m for m in sys.modules if m.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("x")
    with pytest.raises(InputError, match=rf"pip install 'scalingbench\[{library}\]'"):
        read_runs(tmp_path)
