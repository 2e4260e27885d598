"""Exercises and quiz of the chapter *VLAD* (slides S10 to S14)."""

from coursekit.exercises.vlad.functions import (
    ASSIGN,
    INTRA_NORMALISE,
    POWER_NORMALISE,
    RESIDUAL_SUMS,
    VLAD,
)
from coursekit.exercises.vlad.questions import (
    BY_HAND,
    DIMENSION,
    FIND_THE_BUG,
    FROM_MEAN,
    SAME_HISTOGRAM,
    VANISH,
)
from coursekit.exercises.vlad.quiz import QUIZ

EXERCISES = (  # in the order of the page
    DIMENSION,
    BY_HAND,
    ASSIGN,
    RESIDUAL_SUMS,
    FROM_MEAN,
    VLAD,
    FIND_THE_BUG,
    SAME_HISTOGRAM,
    VANISH,
    POWER_NORMALISE,
    INTRA_NORMALISE,
)

__all__ = ["EXERCISES", "QUIZ"]
