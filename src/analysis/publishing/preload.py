"""What every page needs, made once: kernels forked from a process that has imported this have it (see `kernels`)."""

from __future__ import annotations

from importlib import import_module

from matplotlib import pyplot as plt

from analysis.core import reference
from analysis.publishing import maps, style

for name in ("segments", "facilitators", "consolidation", "quality", "territory", "buyer", "buyer.guide"):
    import_module(f"analysis.{name}.views")
maps.epci_cells()
maps.department_cells()
reference.communes()
# The first figure finds the fonts.
figure, _ = style.figure()
figure.canvas.draw()
plt.close(figure)
