"""Requests may be read by many threads from the first one on.

msgspec compiles a struct when it is first used. Two threads that did so at once ended the process with a
segmentation fault, and with it every request that a fresh ingress was answering.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FIRST_REQUESTS_AT_ONCE = """
import json, sys, threading
from pathlib import Path
from shared.wire.requests import StartType, read_start

sys.setswitchinterval(1e-6)
body = Path(sys.argv[2]).read_bytes()
together = threading.Barrier(8)
read = []

def first_request():
    together.wait()
    read.append(read_start(StartType(sys.argv[1]), body))

threads = [threading.Thread(target=first_request) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(0 if len(read) == 8 else 1)
"""


@pytest.mark.parametrize(
    ("start_type", "golden"),
    [
        ("workflow.v0_1", "dispatch"),
        ("workflow.beta", "beta_workflow"),
        ("message.v0_1", "message_v0_1"),
        ("message.v1", "message_v1_failover"),
        ("message.v1", "message_v1_rich"),
    ],
)
def test_a_fresh_process_reads_its_first_requests_in_many_threads_at_once(start_type: str, golden: str) -> None:
    body = ROOT / "tests" / "golden" / "wire" / f"{golden}.json"
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", FIRST_REQUESTS_AT_ONCE, start_type, str(body)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert (0, "") == (done.returncode, done.stderr)
