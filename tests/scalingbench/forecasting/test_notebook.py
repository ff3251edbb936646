"""The notebook runs as it stands, and what is committed is what it prints."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from notebooks import assert_prints_the_same

NOTEBOOK = Path(__file__).parents[3] / "docs" / "from_wandb_to_a_decision.ipynb"


@pytest.mark.full
def test_the_notebook_runs_and_prints_what_is_committed(tmp_path):
    committed, again = (nbformat.read(NOTEBOOK, as_version=4) for _ in range(2))
    NotebookClient(again, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert_prints_the_same(again, committed)
    pictures = [o for cell in committed.cells if cell.cell_type == "code" for o in cell.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 3
