"""Exercises and quiz of the chapter *VLAD* (slides S10 to S14)."""

from coursekit.exercises.bank import Chapter
from coursekit.exercises.vlad.constructions import SAME_HISTOGRAM, VANISH
from coursekit.exercises.vlad.functions import ASSIGN, RESIDUAL_SUMS, VLAD
from coursekit.exercises.vlad.normalisations import INTRA_NORMALISE, POWER_NORMALISE
from coursekit.exercises.vlad.questions import BY_HAND, DIMENSION, FIND_THE_BUG, FROM_MEAN
from coursekit.exercises.vlad.quiz import QUIZ

CHAPTER = Chapter(
    title="VLAD",
    page="aggregation/vlad.ipynb",
    exercises=(
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
    ),
    quiz=QUIZ,
)

__all__ = ["CHAPTER"]
