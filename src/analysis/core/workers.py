"""Processes that work beside this one: copies of one that has imported what they need, where processes can be copied.

That one imports once for all: whoever first asks, by `start` or `workers`, says what.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from multiprocessing.context import BaseContext


def start(module: str) -> None:
    """Import `module` for workers that come later, while this process goes on."""
    if _copied():
        _context(module)
        forkserver.ensure_running()


def workers(module: str, count: int | None = None) -> ProcessPoolExecutor:
    """`count` processes (by default one per processor) which have imported `module`, with the environment of now."""
    return ProcessPoolExecutor(count, mp_context=_context(module), initializer=_begin, initargs=(dict(os.environ),))


def _context(module: str) -> BaseContext:
    context = multiprocessing.get_context("forkserver" if _copied() else "spawn")
    context.set_forkserver_preload([module])
    return context


def _copied() -> bool:
    return hasattr(os, "fork")


def _begin(environment: dict[str, str]) -> None:
    """Start a worker: what it is copied from may have known another project, and is shared."""
    os.environ.clear()
    os.environ.update(environment)
    gc.freeze()
