"""`python -m tests.benchmarks`, or `make bench`: measure everything, print a table, write .state/bench.json."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from tests.benchmarks.bench_accept import bench_accept
from tests.benchmarks.bench_finish import bench_finish
from tests.benchmarks.bench_reaction import bench_reaction
from tests.benchmarks.bench_store import bench_store
from tests.benchmarks.figures import Figure, table, write
from tests.support.broker import ROOT, UNPACKED_DIR
from tests.support.deployment import start_deployment

RESULT = ROOT / ".state" / "bench.json"
OURS_ONLY = ("CASCADE_BROKER_URL", "CASCADE_STORE_URL")
"""A benchmark has a broker and a store of its own."""


def main() -> None:
    """Run all benchmarks, one after the other."""
    for name in OURS_ONLY:
        os.environ.pop(name, None)
    begun = time.monotonic()
    print("\n  measuring: the store")
    figures = _store_figures()
    folder = Path(tempfile.mkdtemp(prefix="cascade-bench-"))
    print("  starting a deployment of its own")
    deployment = start_deployment(folder, unpacked_dir=UNPACKED_DIR)
    try:
        for what, measure in (
            ("reaction", bench_reaction),
            ("acceptance", bench_accept),
            ("ends", bench_finish),
        ):
            print(f"  measuring: {what}")
            figures += measure(deployment)
    finally:
        deployment.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print()
    for line in table(figures):
        print(line)
    write(figures, RESULT)
    print(f"\n  {RESULT.relative_to(ROOT)} written; it took {time.monotonic() - begun:.0f} s on {os.cpu_count()} cores")


def _store_figures() -> list[Figure]:
    measured = bench_store(rows=1_500)
    figures = []
    for operation in ("insert", "update"):
        batched, single = (measured[f"store.sqlite.{operation}.batch_{size}"] for size in (100, 1))
        figures.append(
            Figure(
                name=f"store, {operation}s in batches of 100",
                value=batched,
                unit="rows/s",
                better="higher",
                against=f"{operation}s one by one ({single:,.0f} rows/s)",
                ratio=batched / single,
                target=2.0,
            )
        )
    return figures


if __name__ == "__main__":
    main()
