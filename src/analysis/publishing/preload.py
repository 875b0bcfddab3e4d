"""What every page needs, made once: kernels forked from a process that has imported this have it (see `kernels`)."""

from __future__ import annotations

from importlib import import_module

import pyarrow.dataset
import pyarrow.parquet  # noqa: F401

from analysis.core import reference
from analysis.core.paths import reference_dir
from analysis.publishing import maps, style
from analysis.publishing.content import Figure
from analysis.publishing.templating import environment

for name in ("segments", "facilitators", "consolidation", "quality", "territory", "buyer", "buyer.guide"):
    import_module(f"analysis.{name}.views")
maps.epci_cells()
maps.department_cells()
for path in sorted(reference_dir().rglob("*.csv")):
    reference.table(path.relative_to(reference_dir()).with_suffix("").as_posix())
for template in environment().list_templates(filter_func=lambda name: name.startswith("content/")):
    environment().get_template(template)
# The first figure finds the fonts and what writes images.
Figure(style.figure()[0], title="", alt="rien").image  # noqa: B018
