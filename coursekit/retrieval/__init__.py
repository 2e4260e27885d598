"""Ranking a database of vectors for a query, and measuring how well that went."""

from coursekit.retrieval.evaluation import (
    MeanAveragePrecision,
    average_precision,
    mean_average_precision,
    rank,
)

__all__ = ["MeanAveragePrecision", "average_precision", "mean_average_precision", "rank"]
