"""Ranking a database of vectors for a query, and measuring how well that went."""

from coursekit.retrieval.evaluation import (
    MeanAveragePrecision,
    average_precision,
    mean_average_precision,
    rank,
)
from coursekit.retrieval.expansion import expand_queries
from coursekit.retrieval.index import CompressedIndex, ExactIndex
from coursekit.retrieval.intervals import (
    Difference,
    Interval,
    bootstrap_interval,
    paired_difference,
)
from coursekit.retrieval.whitening import LearnedWhitening, PCAWhitening

__all__ = [
    "CompressedIndex",
    "Difference",
    "ExactIndex",
    "Interval",
    "LearnedWhitening",
    "MeanAveragePrecision",
    "PCAWhitening",
    "average_precision",
    "bootstrap_interval",
    "expand_queries",
    "mean_average_precision",
    "paired_difference",
    "rank",
]
