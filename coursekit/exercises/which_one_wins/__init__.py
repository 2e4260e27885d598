"""Exercises and quiz of the chapter *Which one wins?*: evaluating retrieval."""

from coursekit.exercises.bank import Chapter
from coursekit.exercises.which_one_wins.interval import INTERVAL
from coursekit.exercises.which_one_wins.measures import AVERAGE_PRECISION, BY_HAND, WITHOUT_ITSELF
from coursekit.exercises.which_one_wins.quiz import QUIZ
from coursekit.exercises.which_one_wins.sizes import INDEX_BYTES
from coursekit.exercises.which_one_wins.vectors import EXPAND, RANK, WHITEN

CHAPTER = Chapter(
    title="Which one wins?",
    page="practice/which_one_wins.ipynb",
    exercises=(
        BY_HAND,
        RANK,
        AVERAGE_PRECISION,
        WITHOUT_ITSELF,
        INTERVAL,
        WHITEN,
        EXPAND,
        INDEX_BYTES,
    ),
    quiz=QUIZ,
)

__all__ = ["CHAPTER"]
