"""Whether an .xls can be opened at all, tried in a process of its own.

Nothing in this format tells that a byte is wrong (a zip has checksums): of a damaged one the reader (calamine) may stop
the process that called it, or follow a chain of sectors that ends nowhere until the memory is full.
"""

from __future__ import annotations

import io
import subprocess
import sys

from python_calamine import CalamineError, CalamineWorkbook

MOST_BYTES = 2 << 30  # of memory, where the system bounds it: the format's largest sheet takes some 1.2 GB


def survived(content: bytes) -> bool:
    """Whether a process that opens it and reads its sheets comes to its end, whatever it says of them."""
    command = [sys.executable, "-m", __name__]
    return subprocess.run(command, input=content, capture_output=True, check=False).returncode == 0


def main() -> None:
    """Open what comes on standard input and read its sheets."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        for name in book.sheet_names:
            book.get_sheet_by_name(name).to_python()
    except CalamineError:
        pass  # said by whoever reads it next


if __name__ == "__main__":
    main()
