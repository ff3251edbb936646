"""The sentences of findings. Each is chosen by rule from its numbers, so that it cannot contradict them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from scalingbench.common.tables import interval, number
from scalingbench.leaderboard.ratios import ErrorRatio, p_text

__all__ = ["NOMINAL", "TARGET", "by_reach", "choice", "coverage", "flips", "leader", "pair", "repeats", "slices", "until"]

NOMINAL = 0.8
"""Nominal coverage of the intervals."""
_TOLERATED = 0.05
TARGET = 5.0
"""Relative error, in %, that is asked for."""
_COIN = 50.0


def leader(track: str, skill: float, first: str, ratios: Mapping[str, ErrorRatio]) -> str:
    """Return who leads a track, and which of the next are not distinguishable from it.

    Parameters
    ----------
    track : str
        Name of the track.
    skill : float
        Skill of the leader.
    first : str
        The leader.
    ratios : mapping of str to ErrorRatio
        Error of each of the next over the leader's, with p-values adjusted for these comparisons.
    """
    same = [f"`{name}` {_ratio(r)}" for name, r in ratios.items() if r.verdict != "higher"]
    worse = [f"`{name}` {_ratio(r)}" for name, r in ratios.items() if r.verdict == "higher"]
    parts = [f"not distinguishable from it (error ratio): {', '.join(same)}"] if same else []
    parts += [f"with a higher error (error ratio): {', '.join(worse)}"] if worse else []
    return f"Of the published law forms `{first}` has the highest skill on track {track}, {number(skill, 3)}; {'; '.join(parts)}."


def pair(one: str, other: str, track: str | None, ratio: ErrorRatio) -> str:
    """Return how two predictors compare on the tasks that both entered.

    Parameters
    ----------
    one, other : str
        The predictors; the ratio is that of `other` over `one`, and at least 1.
    track : str, optional
        Name of the track.
    ratio : ErrorRatio
        Error of `other` over that of `one`.
    """
    where = "over all tasks that extrapolate" if track is None else f"on track {track}"
    size = f"{_ratio(ratio)} ({ratio.n_tasks} tasks of {_clusters(ratio.n_clusters)}, {_p(ratio.p)})"
    if ratio.verdict == "higher":
        return f"`{one}` has a lower error than `{other}` {where}: the error of `{other}` is larger by a factor of {size}."
    if ratio.verdict == "no interval":
        return f"`{one}` has the lower error {where}, by a factor of {size}, too few for an interval."
    return f"`{one}` and `{other}` are not distinguishable {where}: ratio of errors, `{other}` over `{one}`, {size}."


def slices(one: str, other: str, ratios: Mapping[str, ErrorRatio]) -> str:
    """Return where one predictor has a lower error than another.

    Parameters
    ----------
    one, other : str
        The predictors.
    ratios : mapping of str to ErrorRatio
        Error of `one` over that of `other`, by slice.
    """
    lower = [f"{name} {_ratio(r)}" for name, r in ratios.items() if r.verdict == "lower"]
    higher = [f"{name} {_ratio(r)}" for name, r in ratios.items() if r.verdict == "higher"]
    rest = [f"{name} {_ratio(r)}" for name, r in ratios.items() if r.verdict not in ("lower", "higher")]
    parts = [f"a lower error than `{other}` {', '.join(lower)}"] if lower else []
    parts += [f"a higher error than `{other}` {', '.join(higher)}"] if higher else []
    if not parts:
        return f"`{one}` is distinguishable from `{other}` at no extrapolation factor; its error over that of `{other}`: {', '.join(rest)}."
    tail = f"; not distinguishable {', '.join(rest)}" if rest else ""
    return f"`{one}` has {' and '.join(parts)}{tail}."


def by_reach(errors: Mapping[str, Sequence[float]], slices: Sequence[str]) -> str:
    """Return the relative error of predictors by extrapolation factor.

    Parameters
    ----------
    errors : mapping of str to sequence of float
        Errors in % of each predictor, by slice.
    slices : sequence of str
        Names of the slices, in ascending order.
    """
    growing = [all(a <= b for a, b in pairwise(values)) for values in errors.values()]
    head = "Relative error grows with the extrapolation factor" if all(growing) else "Relative error does not grow steadily with the factor"
    parts = [f"`{name}` {_digits(values)} %" for name, values in errors.items()]
    return f"{head}: {'; '.join(parts)} ({', '.join(slices)}; medians over tasks of track compute)."


def until(errors: Mapping[str, Sequence[float]], slices: Sequence[str], unit: str) -> str:
    """Return the first slice in which the relative error of each predictor is at most 5 %.

    Parameters
    ----------
    errors : mapping of str to sequence of float
        Errors in % of each predictor, by slice.
    slices : sequence of str
        Names of the slices, in ascending order.
    unit : str
        What the slices are ranges of.
    """
    parts = [f"`{name}` {_first(values, slices)} ({_digits(values)} %)" for name, values in errors.items()]
    return f"The first range with a median error of at most {TARGET:g} % is: {'; '.join(parts)}; ranges of {unit}: {', '.join(slices)}."


def _digits(values: Sequence[float]) -> str:
    return ", ".join(number(v, 1) for v in values)


def _first(values: Sequence[float], slices: Sequence[str]) -> str:
    return next((name for value, name in zip(values, slices, strict=True) if value <= TARGET), "none")


def repeats(times: Mapping[str, Sequence[float]], slices: Sequence[str]) -> str:
    """Return how the error compares with the deviation between repeated runs.

    Parameters
    ----------
    times : mapping of str to sequence of float
        Error over the deviation of each predictor, by slice.
    slices : sequence of str
        Names of the slices, in ascending order.
    """
    above = all(v > 1.0 for values in times.values() for v in values)
    head = "Less than a better law" if above else "As much as a better law"
    where = "at every extrapolation factor" if above else "but not at every extrapolation factor"
    parts = [f"`{name}` {_digits(values)}" for name, values in times.items()]
    ranges = f"({', '.join(slices)}; tasks with a measured deviation)"
    return f"{head}: the median error is above the deviation between repeated runs {where}; their ratio is {'; '.join(parts)} {ranges}."


def flips(collection: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """Return how often the order of two recipes flips between two scales, and for which metrics no less often than a coin.

    Parameters
    ----------
    collection : str
        The collection.
    rows : mapping of str to mapping of str to float
        By metric: curves, pairs, factor, flips in %, low and high.
    """
    known = [f"{_flips(name, r)}" for name, r in rows.items() if r["high"] < _COIN]
    coin = [f"{_flips(name, r)}" for name, r in rows.items() if r["high"] >= _COIN]
    parts = [f"less often than a coin by {', '.join(known)}"] if known else []
    parts += [f"not distinguishable from a coin by {', '.join(coin)}"] if coin else []
    sizes = next(iter(rows.values()))
    pairs = f"{number(sizes['pairs'], 0)} pairs of {number(sizes['curves'], 0)} training sets"
    return f"Of {pairs} in {collection}, at scales {number(sizes['factor'], 1)}x apart, the order flips {'; '.join(parts)}."


def _flips(name: str, row: Mapping[str, float]) -> str:
    return f"`{name}` {number(row['flips'], 1)} % {interval(row['low'], row['high'], 1)}"


def coverage(covered: Mapping[str, Sequence[float]], slices: Sequence[str]) -> str:
    """Return whether 80 % intervals cover what they promise, nearest and farthest.

    Parameters
    ----------
    covered : mapping of str to sequence of float
        Coverage of each predictor, by slice.
    slices : sequence of str
        Names of the slices, in ascending order.
    """
    far = {name: values[-1] for name, values in covered.items()}
    narrow = [f"`{name}`" for name, value in far.items() if value < NOMINAL - _TOLERATED]
    parts = [f"`{name}` {number(values[-1], 3)} ({number(values[0], 3)} {slices[0]})" for name, values in covered.items()]
    if len(narrow) == len(far):
        head = "are too narrow for each of these predictors"
    else:
        head = f"are too narrow for {', '.join(narrow)} alone" if narrow else "are not too narrow for any of these predictors"
    return f"80 % intervals {head}: coverage {slices[-1]} is {', '.join(parts)}."


def choice(regret: Mapping[str, float]) -> str:
    """Return whose predictions choose the best configuration of a budget, and whose are no better than chance.

    Parameters
    ----------
    regret : mapping of str to float
        Regret of each general-purpose entry: 0 is the best configuration, 1 a random pick.
    """
    order = sorted(regret, key=lambda name: regret[name])
    best, chance = order[0], [name for name in order if regret[name] >= 1.0]
    tail = f"; no better than a random pick: {', '.join(f'`{n}` ({number(regret[n], 2)})' for n in chance)}" if chance else ""
    first = f"`{best}` choose best among {len(order)} general-purpose entries, with a regret of {number(regret[best], 2)}"
    return f"The predictions of {first}; next is `{order[1]}` ({number(regret[order[1]], 2)}){tail}."


def _ratio(ratio: ErrorRatio) -> str:
    span = interval(ratio.low, ratio.high, 2)
    return number(ratio.value, 2) if span == "-" else f"{number(ratio.value, 2)} {span}"


def _p(p: float) -> str:
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _clusters(n: int) -> str:
    return "1 cluster" if n == 1 else f"{n} clusters"
