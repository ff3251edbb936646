"""Write the bundled tables and their digests: ``python -m benchmark.sources [NAME ...]``."""

import json
import sys

from benchmark.card import load_card
from benchmark.collection import bundled_path, digests_path, read_digests, table_digest
from benchmark.errors import BenchmarkError
from benchmark.files import replacing
from benchmark.sources import build_table, source_names


def main(names: list[str]) -> int:
    """Rebuild the named bundled tables (all by default) from their upstream files."""
    digests: dict[str, str] = {}
    for name in names or source_names():
        if not load_card(name).bundled:
            print(f"{name}: fetch-only, built on demand", file=sys.stderr)
            continue
        table = build_table(name)
        with replacing(bundled_path(name)) as temporary:
            table.to_parquet(temporary, index=False, compression="zstd")
        digests[name] = table_digest(table)
        print(f"{name}: {len(table)} rows, digest {digests[name][:12]}")
    with replacing(digests_path()) as temporary:
        temporary.write_text(json.dumps(read_digests() | digests, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
