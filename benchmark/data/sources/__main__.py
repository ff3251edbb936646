"""Write the bundled tables, and digest and size of every table: ``python -m scalingbench.benchmark.data.sources [NAME ...]``."""

import json
import sys

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection, bundled_path, digests_path, facts_of, read_facts
from scalingbench.benchmark.data.sources import build_table, source_names
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing


def main(names: list[str]) -> int:
    """Rebuild the named tables (all by default) from their upstream files; only bundled ones are kept."""
    facts = {}
    for name in names or source_names():
        card, table = load_card(name), build_table(name)
        if card.bundled:
            with replacing(bundled_path(name)) as temporary:
                table.to_parquet(temporary, index=False, compression="zstd")
        facts[name] = facts_of(Collection(name, table, card))
        print(f"{name}: {len(table)} rows, digest {facts[name]['digest'][:12]}{'' if card.bundled else ', fetch-only: not kept'}")
    with replacing(digests_path()) as temporary:
        temporary.write_text(json.dumps(read_facts() | facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
