"""How long a page takes to show something, opened from disk: first paint, first contents, whole page, weight.

    python benchmarks/render.py [--runs 9] [--dataset demo]

The heaviest page of each kind in a headless Chromium, each time in a context without cache, opened after an empty page
from disk, as a reader opens it from another; the times are those that the browser itself notes, from the start of the
navigation. Median and worst of the runs, beside those of a page that holds one word.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from analysis.core.paths import reports_dir

GOAL = 200  # ms to the first contents
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))"
NOTED = """() => {
  const [paint, [page]] = ["paint", "navigation"].map((kind) => performance.getEntriesByType(kind));
  return [...paint.map((found) => found.startTime), page.loadEventEnd];
}"""


def kinds(folder: Path) -> dict[str, Path]:
    """The heaviest page of each folder of the site, and those of its root."""
    pages = sorted(folder.rglob("*.html"), key=lambda page: (page.stat().st_size, page.name))
    return {page.stem if page.parent == folder else page.parent.name: page for page in pages}


def opened(browser: Browser, page: Path, before: Path) -> list[float]:
    """First paint, first contents and load of `page`, opened from the page `before`, in milliseconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        tab = context.new_page()
        tab.goto(before.as_uri())
        tab.goto(page.as_uri())
        tab.evaluate(SETTLED)
        return list(tab.evaluate(NOTED))
    finally:
        context.close()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    found = kinds(reports_dir(options.dataset))
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found or path is None:
        raise SystemExit("a built site and a Chromium are needed: dvc repro, tests/install-browser.sh")
    print("page, kB, first paint, first contents, worst, load (ms, medians)")
    late = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        before, bare = Path(scratch) / "before.html", Path(scratch) / "word.html"
        before.write_text("<!DOCTYPE html><title>before</title>", "utf-8")
        bare.write_text("<!DOCTYPE html><title>word</title>word", "utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        opened(browser, bare, before)  # the browser's own start is nobody's page
        for kind, page in [("one word", bare), *sorted(found.items())]:
            runs = [opened(browser, page, before) for _ in range(options.runs)]
            paint, contents, load = (statistics.median(run[n] for run in runs) for n in range(3))
            worst = max(run[1] for run in runs)
            late += [kind] if contents >= GOAL else []
            weight = page.stat().st_size / 1000
            print(
                f"{kind} ({page.name}): {weight:.0f} kB, {paint:.0f}, {contents:.0f}, {worst:.0f}, {load:.0f}",
                flush=True,
            )
        browser.close()
    print(f"goal {GOAL} ms to the first contents: " + (f"missed by {', '.join(late)}" if late else "reached by all"))


if __name__ == "__main__":
    main()
