"""The exercises of *VLAD* on its normalisations, answered by a function."""

from __future__ import annotations

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.vlad.answers import (
    intra_normalise,
    power_normalise,
    rooted,
    sum_probes,
    unit,
    vector_probes,
)

POWER_NORMALISE = Exercise(
    id="vlad.power_normalise",
    title="Calm the bursts",
    kind="implement",
    statement=r"""Write `power_normalise(vector)`: replace each entry $z$ by
$\mathrm{sign}(z) \sqrt{|z|}$, then divide the vector by its Euclidean length. Zeros stay zeros.""",
    stub='''def power_normalise(vector):
    """Signed square root of each entry, then length 1."""
    ...''',
    answer="power_normalise",
    reference=power_normalise,
    probes=vector_probes,
    mistakes=(
        Mistake(
            "the signs were lost",
            lambda v: unit(np.sqrt(np.abs(v))),
            "Put the sign back after the root: left of the word and right of it are opposite "
            "answers.",
        ),
        Mistake(
            "the root came after the normalisation",
            lambda v: rooted(unit(v)),
            "A root changes the length, so the division has to come after it. Is the length of "
            "your result 1?",
        ),
        Mistake(
            "the vector was not normalised",
            rooted,
            "The signed root is right; the division by the length is missing.",
        ),
        Mistake(
            "the entries were squared",
            lambda v: unit(np.sign(v) * v**2),
            "A square makes the large entries larger still. The root is what brings them down.",
        ),
        Mistake(
            "the negative entries were dropped",
            lambda v: unit(np.sqrt(np.maximum(v, 0))),
            "Take the root of the absolute value, and give it the sign of the entry.",
        ),
        Mistake(
            "the root was left out",
            unit,
            "Dividing by the length is the second step. The signed root comes first.",
        ),
    ),
    hints=(
        "`np.sign` and `np.abs` work on the whole vector.",
        "`np.sign(vector) * np.sqrt(np.abs(vector))`, then the length of that.",
        "Zeros stay zeros if you divide by `max(length, 1e-12)`, or with an `if`.",
    ),
    solution="The root brings large entries down more than small ones, so that one repeated "
    "texture no longer decides the distance. On (2, −1, 4, 2) it gives (√2, −1, 2, √2) / 3.",
)

INTRA_NORMALISE = Exercise(
    id="vlad.intra_normalise",
    title="Give every word the same weight",
    kind="implement",
    statement=r"""Intra-normalisation divides each $v_k$ by its own length, *then* the whole
vector by its length. Write `intra_normalise(sums)` for residual sums of shape `(K, D)`; the result
has shape `(K*D,)`. A word without residual stays at zero.""",
    stub='''def intra_normalise(sums):
    """Each word's residual sum of length 1, then the whole vector."""
    ...''',
    answer="intra_normalise",
    reference=intra_normalise,
    probes=sum_probes,
    mistakes=(
        Mistake(
            "only the words were normalised",
            lambda s: np.array([unit(v) for v in s]).ravel(),
            "The length of your vector depends on how many words are in use. Divide by it once "
            "more.",
        ),
        Mistake(
            "only the whole vector was normalised",
            lambda s: unit(s.ravel()),
            "One factor for all leaves the words' shares as they were. Each word is divided by "
            "its own length first.",
        ),
        Mistake(
            "each dimension was normalised, not each word",
            lambda s: unit((s / np.linalg.norm(s, axis=0)).ravel()),
            "A word is a row. Over which axis do you take the length?",
        ),
        Mistake(
            "the words were divided by their sums of absolute values",
            lambda s: unit((s / np.abs(s).sum(axis=1, keepdims=True)).ravel()),
            "The length of a word is Euclidean here too, with squares and a root.",
        ),
        Mistake(
            "the numbers are in the order of the dimensions",
            lambda s: intra_normalise(s).reshape(s.shape).T.ravel(),
            "Word after word: flatten row by row.",
        ),
    ),
    hints=(
        "`np.linalg.norm(sums, axis=1, keepdims=True)` holds the K lengths.",
        "Zeros stay zeros if you divide by `np.maximum(lengths, 1e-12)`, and the whole vector by "
        "`max(length, 1e-12)`.",
    ),
    solution="After the first division every word that is in use has the same weight, "
    "however many descriptors it had. On ((2, −1), (4, 2)) it gives (2, −1, 2, 1) / √10.",
)
