"""A callback of the Hugging Face trainer that forecasts the end of the run at every evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scalingbench.common.errors import InputError
from scalingbench.common.extras import require

__all__ = ["watch_callback"]


def watch_callback(*, say: Callable[[str], None] = print, **options: Any) -> Any:
    """Return a ``TrainerCallback`` that says the forecast of `watch` at every evaluation.

    ``Trainer(..., callbacks=[watch_callback(schedule="cosine")])``; the callback's ``latest`` is the last `Watch`, None before there are
    enough evaluations. Whatever the forecast lacks, training goes on.

    Parameters
    ----------
    say : callable
        Gets a line of text at each evaluation.
    **options
        Those of `watch`, without the run and where it ends.

    Raises
    ------
    InputError
        If transformers is not installed.
    """
    require("watch_callback", "transformers", "transformers")
    from transformers import TrainerCallback  # type: ignore[import-not-found, unused-ignore]

    class WatchCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
        """Forecast the end of the run at every evaluation."""

        latest: Any = None

        def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Say the forecast."""
            self.latest = _watch(state, say, options)

    return WatchCallback()


def _watch(state: Any, say: Callable[[str], None], options: dict[str, Any]) -> Any:
    """Return the forecast from a trainer's state; None, and why, where there is none yet."""
    from scalingbench.forecasting.importers.documents import import_trainer_history
    from scalingbench.forecasting.watch import watch

    document = {"log_history": state.log_history, "global_step": state.global_step, "epoch": state.epoch, "max_steps": state.max_steps}
    try:
        found = watch(import_trainer_history(document), until=float(state.max_steps), **options)
    except InputError as why:
        say(f"no forecast yet: {why}")
        return None
    e, left = found.last, found.remaining[0]
    verdict = ", below the threshold" if found.little_left else ""
    say(f"{found.metric} at the end: {e.value:.4g} [{e.low:.4g}, {e.high:.4g}]; still to come {100 * left:.2g} %{verdict}")
    return found
