"""Numbers are computed by the same instructions on all processors."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest


def printed(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_command_chooses_them_before_numpy_is_imported() -> None:
    assert printed("import sys, analysis.cli; print('numpy' in sys.modules)") == "False"


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="chosen on x86 only")
def test_numpy_and_openblas_take_them() -> None:
    code = """
from analysis.core.processor import settle
settle()
import numpy, scipy.linalg, threadpoolctl
from numpy._core._multiarray_umath import __cpu_features__ as features
pools = {(pool["architecture"], pool["num_threads"]) for pool in threadpoolctl.threadpool_info()}
print(features["X86_V4"], *sorted(pools))
"""
    assert printed(code) == "False ('Haswell', 1)"
