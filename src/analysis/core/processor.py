"""The same last digits on every processor of the last ten years.

numpy and OpenBLAS choose, for each processor, instructions that round in another way, and OpenBLAS splits its sums by
thread. Held to AVX2 and one thread they give the same bytes wherever AVX2 is; elsewhere last digits differ.
"""

from __future__ import annotations

import os
import platform

SETTINGS = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
}


def settle() -> None:
    """Choose them for this process and those that it starts; numpy must not be imported yet."""
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ.update(SETTINGS)
