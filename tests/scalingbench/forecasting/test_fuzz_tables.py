"""Generated tables, each with a known true reading: read exactly, or refused in one line; never read otherwise."""

import pickle

import numpy as np
import pytest
from fuzz_cells import NOTATIONS
from fuzz_containers import CONTAINERS
from fuzz_tables import made

from scalingbench.common.errors import InputError
from scalingbench.forecasting.reading import read_runs

BLOCK = 50
BLOCKS = [*range(0, 500, BLOCK), *(pytest.param(start, marks=pytest.mark.full) for start in range(500, 5000, BLOCK))]


def reading(table, folder):
    """Return the runs that are read, sorted, or the message of a refusal."""
    source = folder / table.name
    source.write_bytes(table.content)
    try:
        runs = read_runs(pickle.loads(table.content) if table.name.endswith(".pkl") else source)
    except InputError as error:
        return str(error)
    assert {"params", "tokens"} <= set(runs.table), f"{table.how}: a column isn't found"
    return sorted(runs.table[["params", "tokens", "value"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("start", BLOCKS)
def test_a_table_is_read_exactly_or_refused(start, tmp_path):
    for seed in range(start, start + BLOCK):
        table = made(seed)
        found = reading(table, tmp_path)
        if isinstance(found, str):
            assert not table.clear, f"{seed}, {table.how}: refused, though there is one reading: {found}"
            assert found.isprintable() and "\n" not in found, f"{seed}, {table.how}: {found!r}"
        else:
            assert len(found) == len(table.truth) and np.allclose(found, table.truth, rtol=1e-9, atol=0), f"{seed}, {table.how}"


def test_every_notation_meets_every_container():
    assert np.gcd(len(NOTATIONS), len(CONTAINERS)) == 1 and len(NOTATIONS) >= 30 and len(CONTAINERS) >= 8


def test_many_of_the_tables_can_only_be_read_in_one_way():
    assert np.mean([made(seed).clear for seed in range(300)]) > 0.3
