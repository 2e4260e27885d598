"""Figures of the book: each function takes data and an Axes (or an empty Figure) and draws.

They compute nothing and return nothing: `matplotlib` shows the figure they were given.
"""

from coursekit.plotting.assignments import plot_cells, plot_residuals, plot_sums
from coursekit.plotting.comparison import plot_costs, plot_intervals, plot_kinds
from coursekit.plotting.duels import plot_duels
from coursekit.plotting.energy import plot_energy
from coursekit.plotting.features import plot_features
from coursekit.plotting.glyphs import plot_glyph, plot_glyph_table
from coursekit.plotting.rankings import plot_photos, plot_rankings
from coursekit.plotting.style import use_book_style

__all__ = [
    "plot_cells",
    "plot_costs",
    "plot_duels",
    "plot_energy",
    "plot_features",
    "plot_glyph",
    "plot_glyph_table",
    "plot_intervals",
    "plot_kinds",
    "plot_photos",
    "plot_rankings",
    "plot_residuals",
    "plot_sums",
    "use_book_style",
]
