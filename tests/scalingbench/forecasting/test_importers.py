"""Files that the trackers themselves write are read as runs."""

import json
import sqlite3
from pathlib import Path

import pytest
from trackers import SIZES, STATE, events_of, mlflow_database, trainer_states

from scalingbench.common.errors import InputError
from scalingbench.forecasting.importers.wandb import import_wandb
from scalingbench.forecasting.reading import Options, read_runs


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


@pytest.fixture(scope="module")
def mlflow_folder(tmp_path_factory):
    pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        client = MlflowClient((folder / "mlruns").as_uri())
        experiment = client.create_experiment("sweep")
        for size, last in SIZES.items():
            run = client.create_run(experiment).info.run_id
            metrics = [Metric("val/loss", value, 0, step) for step, value in enumerate(curve(last))]
            client.log_batch(run, metrics=metrics, params=[Param("model/n_params", str(int(size))), Param("train_tokens", "2B")])
            client.set_terminated(run)
        client.create_run(experiment)  # still running
        client.delete_run(run := client.create_run(experiment).info.run_id)
        assert run
    return folder


def test_the_file_store_of_mlflow_is_read_from_any_of_its_folders(mlflow_folder):
    runs = sorted(file.parent for file in mlflow_folder.rglob("meta.yaml") if "run_id:" in file.read_text())
    for folder in (mlflow_folder, mlflow_folder / "mlruns", runs[0].parent):
        found = read_runs(folder)
        check(found)
        assert found.dropped == {"of runs that did not finish": 1}
    finished = next(run for run in runs if "status: 3" in (run / "meta.yaml").read_text())
    assert len(read_runs(finished).table) == 1


def test_the_database_of_mlflow(tmp_path):
    file = mlflow_database(tmp_path / "mlflow.db")
    (tmp_path / "any.name").write_bytes(file.read_bytes())
    for source in (file, tmp_path, tmp_path / "any.name"):
        runs = read_runs(source)
        check(runs)
        assert runs.dropped == {"of runs that did not finish": 1}
    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(InputError, match="is an SQLite database, but none of MLflow"):
        read_runs(tmp_path / "other.sqlite")


def test_experiments_of_mlflow_are_told_by_a_column(tmp_path):
    file = mlflow_database(tmp_path / "mlflow.db", names=("sweep", "pilot"))
    assert len(read_runs(file).table) == 6
    check(read_runs(file, Options(where={"experiment": "pilot"})))


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


def trainer_state(folder, size, log, **more):
    home = folder / f"size-{size:.0f}"
    home.mkdir(parents=True, exist_ok=True)
    state = {"global_step": 100, "epoch": 2.0, "total_flos": 6 * size * 2e9, "log_history": log, **more}
    (home / "trainer_state.json").write_text(json.dumps(state))


def test_several_evaluation_sets_are_asked_about_and_training_loss_never_stands_in(tmp_path):
    for size, last in SIZES.items():
        log = [{"step": 100, "epoch": 2.0, "loss": 1.0}, {"step": 100, "epoch": 2.0, "eval_web_loss": last, "eval_web_runtime": 3.0}]
        trainer_state(tmp_path, size, [*log, {"step": 100, "epoch": 2.0, "eval_code_loss": 2.0, "eval_code_accuracy": 0.5}])
    with pytest.raises(InputError, match="several of metric: accuracy_code, loss_code, loss_web; choose one with --metric"):
        read_runs(tmp_path)
    assert read_runs(tmp_path, Options(metric="loss_web")).table["value"].tolist() == list(SIZES.values())


def test_epochs_are_the_clock_where_no_step_is_logged(tmp_path):
    for size, last in SIZES.items():
        trainer_state(tmp_path, size, [{"epoch": 1.0, "eval_loss": 9.0}, {"epoch": 2.0, "eval_loss": last}])
    runs = read_runs(tmp_path)
    assert runs.table["value"].tolist() == list(SIZES.values()) and runs.table["flops"].tolist() == [6 * size * 2e9 for size in SIZES]


def evaluation(folder, file, results, revision="", **more):
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_args": f"pretrained=lab/{folder.name}" + (f",revision={revision}" if revision else ""), "model_num_parameters": 1e7}
    (folder / file).write_text(
        json.dumps({"results": results, "configs": {}, "config": config, "model_name": f"lab/{folder.name}", **more})
    )


def test_filters_and_shots_of_the_harness_are_apart(tmp_path):
    both = {"gsm8k": {"exact_match,strict-match": 0.1, "exact_match,flexible-extract": 0.2}}
    evaluation(tmp_path / "a", "results_1.json", both, **{"n-shot": {"gsm8k": 5}})
    evaluation(tmp_path / "b", "results_1.json", both, **{"n-shot": {"gsm8k": 5}})
    with pytest.raises(InputError, match="accuracy_exact_match_gsm8k_flexible_extract, accuracy_exact_match_gsm8k_strict_match"):
        read_runs(tmp_path)
    strict = "accuracy_exact_match_gsm8k_strict_match"
    assert read_runs(tmp_path, Options(metric=strict)).table["value"].tolist() == [0.1, 0.1]
    evaluation(tmp_path / "b", "results_2.json", both, **{"n-shot": {"gsm8k": 0}})
    with pytest.raises(InputError, match="several of shots: 0, 5; choose one with --where shots=0"):
        read_runs(tmp_path, Options(metric=strict))
    assert len(read_runs(tmp_path, Options(metric=strict, where={"shots": "5"})).table) == 2


def test_the_last_revision_and_the_newest_evaluation_count(tmp_path):
    for step, value in ((1000, 0.2), (20000, 0.34), (100000, 0.4)):
        evaluation(tmp_path / "a", f"results_{step}.json", {"arc": {"acc,none": value}}, f"step{step}", date=1.7e9)
    evaluation(tmp_path / "a", "results_again.json", {"arc": {"acc,none": 0.41}}, "step100000", date=1.8e9)
    runs = read_runs(tmp_path)
    assert runs.table["value"].tolist() == [0.41] and runs.dropped == {"of older evaluations": 1, "before a run's last": 2}
    assert "of each model the last revision is kept; --where revision=step1000" in str(runs)
    assert read_runs(tmp_path, Options(where={"revision": "step20000"})).table["value"].tolist() == [0.34]
    evaluation(tmp_path / "a", "results_main.json", {"arc": {"acc,none": 0.5}}, "main")
    with pytest.raises(InputError, match="several of revision: main, step1000"):
        read_runs(tmp_path)


def test_the_writers_of_one_run_are_joined_and_kept_apart(tmp_path):
    pytest.importorskip("tensorboard")
    for size, last in SIZES.items():
        home = tmp_path / f"size-{size:.0f}"
        events_of(home / "train", epoch_loss={1: 3.0, 2: 1.0}, n_params={2: size}, tokens={1: 1e9, 2: 2e9})
        events_of(home / "validation", epoch_loss={1: 5.0, 2: last}, n_params={2: size}, tokens={1: 1e9, 2: 2e9})
    check(read_runs(tmp_path))


def test_folders_named_by_main_tag_are_writers_and_a_run_called_test_is_a_run(tmp_path):
    pytest.importorskip("tensorboard")
    for size, last in SIZES.items():
        home = tmp_path / f"size-{size:.0f}"
        events_of(home, n_params={2: size}, tokens={2: 2e9})
        events_of(home / "loss_train", loss={2: 1.0})
        events_of(home / "loss_val", loss={2: last})
    check(read_runs(tmp_path))
    events_of(tmp_path / "test", val__loss={2: 3.0}, n_params={2: 8e7}, tokens={2: 2e9})
    assert "test" in set(read_runs(tmp_path).table["run"])


def test_value_and_tokens_are_of_the_same_step(tmp_path):
    pytest.importorskip("tensorboard")
    for size, last in SIZES.items():
        home = tmp_path / f"size-{size:.0f}"
        events_of(home, val__loss={100: 5.0, 300: last}, n_params={100: size}, tokens={100: 1e9, 300: 2e9, 400: 3e9})
        events_of(home, ".v2", val__loss={200: 7.0})
    runs = read_runs(tmp_path)
    check(runs)
    assert (runs.table["steps"] == 300).all()


def test_scalars_of_tensorflow_2_are_read(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb  # type: ignore[import-untyped]
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    for size, last in SIZES.items():
        writer = EventFileWriter(str(tmp_path / f"size-{size:.0f}"))
        for tag, value in (("val/loss", last), ("n_params", size), ("tokens", 2e9)):
            writer.add_event(Event(step=3, wall_time=1.0, summary=Summary(value=scalar_pb(tag, value).value)))
        writer.close()
    check(read_runs(tmp_path))


def test_what_a_library_raises_is_one_line(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing import event_accumulator

    def broken(*_, **__):
        raise TypeError("no\nsuch thing")

    monkeypatch.setattr(event_accumulator, "EventAccumulator", broken)
    (tmp_path / "events.out.tfevents.1").write_bytes(b"x")
    with pytest.raises(InputError, match=r"cannot be read as files of TensorBoard: TypeError: no such thing"):
        read_runs(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"no runs in it; the known trackers are Weights & Biases \(\*\.wandb\), TensorBoard"):
        read_runs(tmp_path)


@pytest.mark.parametrize(("file", "library"), [("a.wandb", "wandb"), ("events.out.tfevents.1", "tensorboard")])
def test_a_missing_library_is_named_with_its_extra(file, library, tmp_path, monkeypatch):
    import sys

    for name in [m for m in sys.modules if m.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("x")
    with pytest.raises(InputError, match=rf"pip install 'scalingbench\[{library}\]'"):
        read_runs(tmp_path)
