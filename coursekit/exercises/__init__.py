"""Exercises with instant feedback and quizzes: the bank, `check`, `quiz`, the cells of a notebook.

An instructor adds an exercise by adding one entry to the file of its chapter.
"""

from coursekit.exercises.bank import Exercise, Mistake, Option, QuizItem
from coursekit.exercises.catalogue import chapters, exercise_cells, exercises, find, quiz_items
from coursekit.exercises.check import check
from coursekit.exercises.feedback import Feedback
from coursekit.exercises.pencil import Pencil, pencil_example
from coursekit.exercises.quiz import Quiz, quiz

__all__ = [
    "Exercise",
    "Feedback",
    "Mistake",
    "Option",
    "Pencil",
    "Quiz",
    "QuizItem",
    "chapters",
    "check",
    "exercise_cells",
    "exercises",
    "find",
    "pencil_example",
    "quiz",
    "quiz_items",
]
