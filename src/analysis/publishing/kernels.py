"""Kernels forked from one process that has already imported what pages need.

A kernel started in the ordinary way spends most of its time importing pandas, matplotlib and our views; forked, it has
them. Jupyter lets how a kernel starts be chosen (a *kernel provisioner*): `ForkProvisioner` asks a server, started once
by `forked_kernels`, for a copy of itself. Where processes cannot be forked, kernels start in the ordinary way; pages
are the same bytes.

A kernel and whoever asked for it share a socket: its end tells the one that the other is gone.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

SERVER_VARIABLE = "ANALYSIS_KERNELS"  # address of the server
CHOICE_VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"  # Jupyter's own
NAME = "forked"  # of the provisioner, in the entry points of pyproject.toml
# What a kernel needs from the environment of who asks for it is handed over; this would tie it to another process.
LEFT_OUT = ("JPY_PARENT_PID",)


@contextmanager
def forked_kernels(modules: Sequence[str]) -> Iterator[None]:
    """Inside the block, kernels are forked from a process that has imported `modules`; inside another such block, from
    that one's. A kernel that is asked for while it imports them waits.
    """
    if not hasattr(os, "fork") or SERVER_VARIABLE in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
        address = str(Path(folder) / "server")
        before = {name: os.environ.get(name) for name in (SERVER_VARIABLE, CHOICE_VARIABLE)}
        choice = KernelProvisionerFactory.instance(parent=None)
        usual = choice.default_provisioner_name
        with _server(address, modules) as server:
            try:
                os.environ |= {SERVER_VARIABLE: address, CHOICE_VARIABLE: NAME}  # for the processes this one starts
                choice.default_provisioner_name = NAME
                yield
            finally:
                choice.default_provisioner_name = usual
                for name, value in before.items():
                    os.environ.pop(name, None)
                    if value is not None:
                        os.environ[name] = value
                server.terminate()


def _server(address: str, modules: Sequence[str]) -> subprocess.Popen[bytes]:
    """The process that answers at `address`; who asks before it can waits."""
    # debugpy, which each kernel imports, says at length that nobody can debug here.
    environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        number = listener.fileno()
        command = [sys.executable, "-m", __name__, str(number), *modules]
        return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[number], env=environment)


class ForkProvisioner(LocalProvisioner):
    """Starts a kernel by asking the server for a copy of itself; without server, in the ordinary way."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel of `cmd`, whose connection file follows `-f`; returns how to reach it."""
        if SERVER_VARIABLE not in os.environ:  # Jupyter asks once per process which provisioner to take
            return await super().launch_kernel(cmd, **kwargs)
        request = {
            "connection": cmd[cmd.index("-f") + 1],
            "folder": str(kwargs.get("cwd") or Path.cwd()),
            "environment": {k: v for k, v in (kwargs.get("env") or os.environ).items() if k not in LEFT_OUT},
        }
        kernel = _Kernel(os.environ[SERVER_VARIABLE], request)
        self.process = cast(Any, kernel)
        self.pid = self.pgid = kernel.pid
        return self.connection_info


class _Kernel:
    """A forked kernel as its provisioner handles it: the part of `subprocess.Popen` that it uses."""

    stdin = stdout = stderr = None

    def __init__(self, address: str, request: dict[str, Any]) -> None:
        self.returncode: int | None = None
        self._link = socket.socket(socket.AF_UNIX)
        self._link.connect(address)
        self._link.sendall(json.dumps(request).encode() + b"\n")
        said = self._link.makefile("rb").readline()
        if not said:
            raise RuntimeError("the server of kernels has ended")
        self.pid = int(said)

    def poll(self) -> int | None:
        """None while it runs."""
        if self.returncode is None and select.select([self._link], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended."""
        if self.returncode is None:
            self._link.settimeout(timeout)
            while self._link.recv(1):
                pass
            self._link.close()
            self.returncode = 0
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def serve(number: int, modules: Sequence[str]) -> None:
    """Import `modules`, then fork a kernel for each request to the socket `number` until standard input is closed."""
    for name in ("ipykernel.kernelapp", "ipykernel.debugger", *modules):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the kernels here
    gc.collect()
    gc.freeze()  # no kernel looks for garbage in what it shares with this process, of which that would make copies
    with socket.socket(fileno=number) as listener:
        while sys.stdin not in (waiting := select.select([listener, sys.stdin], [], [])[0]):
            if listener in waiting:
                link, _ = listener.accept()
                with link:
                    if os.fork() == 0:
                        listener.close()
                        _become_kernel(link)


def _become_kernel(link: socket.socket) -> None:
    """Turn this process into the kernel that is asked for on `link`; it ends with it."""
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(link.makefile("rb").readline())
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(quiet, 1)
    link.sendall(f"{os.getpid()}\n".encode())
    threading.Thread(target=_end_with, args=(link,), daemon=True).start()
    try:
        # Its last page done, it is interrupted, and would call that an error.
        options = ["--HistoryManager.enabled=False", "--log-level=CRITICAL"]
        launch_new_instance(["-f", request["connection"], *options])
    finally:
        os._exit(0)


def _end_with(link: socket.socket) -> None:
    while link.recv(1):
        pass
    os._exit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
