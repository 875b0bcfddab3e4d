"""Every link of a site leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from analysis.core.errors import DataError


def check_links(folder: Path) -> None:
    """Raise DataError at the first link of a page of `folder` that leads to no file, or to no anchor of its page."""
    pages = {path.resolve(): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))}
    anchors = {path: set(re.findall(r'\sid="([^"]+)"', text)) for path, text in pages.items()}
    for page, text in pages.items():
        for href, anchor in re.findall(r'<a\b[^>]*\bhref="([^"#:]*)(?:#([^"]*))?"', text):
            target = (page.parent / unquote(href)).resolve() if href else page
            missing = "" if target.is_file() else "fichier absent"
            if not missing and anchor and unquote(anchor) not in anchors.get(target, set()):
                missing = f"ancre « {anchor} » absente"
            if missing:
                name = page.relative_to(folder.resolve()).as_posix()
                raise DataError(f"{name} : lien vers « {href} », {missing}.")
