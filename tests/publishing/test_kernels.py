"""Kernels forked from one process: the same pages as ordinary ones, and none left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from jupyter_client import KernelManager

from analysis.publishing import kernels
from analysis.publishing.kernels import CHOICE_VARIABLE, SERVER_VARIABLE, forked_kernels
from analysis.publishing.render import kernel_config, make
from toy import toy_project

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
PARAMETERS = {"dataset": "jouet", "edition": 2016, "territory": "32"}


def started(folder: Path) -> tuple[KernelManager, object]:
    """A kernel and a client of it."""
    manager = KernelManager(kernel_name="python3", config=kernel_config(str(folder)))
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=30)
    return manager, client


def said(client: object, code: str) -> str:
    """What a kernel prints."""
    texts: list[str] = []
    client.execute_interactive(  # type: ignore[attr-defined]
        code, timeout=30, output_hook=lambda message: texts.append(message["content"].get("text", ""))
    )
    return "".join(texts).strip()


@forking
def test_a_forked_kernel_has_what_the_server_imported_and_nothing_of_another_kernel(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with forked_kernels(["wave"]):
        manager, client = started(tmp_path / "a")
        other, second = started(tmp_path / "b")
        assert said(client, "import sys; print('wave' in sys.modules)") == "True"
        assert said(client, "left = 1; print(left)") == "1"
        assert said(second, "print('left' in globals())") == "False"
        for one, channel in ((manager, client), (other, second)):
            channel.stop_channels()
            one.shutdown_kernel(now=True)
            assert not one.is_alive()


@forking
def test_a_kernel_ends_with_whoever_asked_for_it(tmp_path: Path) -> None:
    with forked_kernels([]):
        manager, client = started(tmp_path)
        pid = int(said(client, "import os; print(os.getpid())"))
        client.stop_channels()
        manager.provisioner.process._link.close()
        for _ in range(100):
            if not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.05)
    raise AssertionError("the kernel is still there")


@forking
def test_the_choice_of_kernels_does_not_outlive_its_block() -> None:
    before = {name: os.environ.get(name) for name in (SERVER_VARIABLE, CHOICE_VARIABLE)}
    with pytest.raises(KeyError), forked_kernels([]):
        assert os.environ[CHOICE_VARIABLE] == kernels.NAME
        raise KeyError
    assert {name: os.environ.get(name) for name in before} == before


def test_a_page_has_the_same_bytes_whatever_its_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with toy_project(tmp_path / "toy") as root:
        notebook = root / "notebooks" / "consolidation.ipynb"
        with forked_kernels(["analysis.publishing.page", "analysis.publishing.style"]):
            forked = make(notebook, PARAMETERS)
        monkeypatch.delattr(os, "fork", raising=False)
        with forked_kernels([]):
            assert CHOICE_VARIABLE not in os.environ
            ordinary = make(notebook, PARAMETERS)
    assert forked == ordinary and len(forked.reads) == 2
