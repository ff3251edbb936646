"""Write the bundled tables: ``python -m benchmark.sources [NAME ...]``."""

import sys

from benchmark.card import load_card
from benchmark.collection import bundled_path, table_digest
from benchmark.errors import BenchmarkError
from benchmark.files import replacing
from benchmark.sources import build_table, source_names


def main(names: list[str]) -> int:
    """Rebuild the named bundled tables (all by default) from their upstream files."""
    for name in names or source_names():
        if not load_card(name).bundled:
            print(f"{name}: fetch-only, built on demand", file=sys.stderr)
            continue
        table = build_table(name)
        with replacing(bundled_path(name)) as temporary:
            table.to_parquet(temporary, index=False, compression="zstd")
        print(f"{name}: {len(table)} rows, digest {table_digest(table)[:12]}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
