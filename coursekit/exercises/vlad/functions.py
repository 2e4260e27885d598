"""The exercises of *VLAD* that are answered by a function: the steps of the algorithm."""

from __future__ import annotations

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.vlad.answers import (
    assigned_bag_probes,
    bag_probes,
    farthest,
    last_only,
    means,
    minus_empty,
    my_assign,
    my_residual_sums,
    my_vlad,
    sums_of,
    totals,
    unit,
)

ASSIGN = Exercise(
    id="vlad.assign",
    title="The nearest word",
    kind="implement",
    statement=r"""Step 1 of the algorithm:
$\mathrm{NN}(x_t) = \arg\min_k \lVert x_t - \mu_k \rVert$.
Write `my_assign(descriptors, centroids)`: for `(T, D)` descriptors and `(K, D)` centroids, the `T`
indices of the nearest centroids, counted from 0. An empty set has none.""",
    stub='''def my_assign(descriptors, centroids):
    """Index of the nearest centroid, for each descriptor."""
    ...''',
    answer="my_assign",
    reference=my_assign,
    probes=bag_probes,
    mistakes=(
        Mistake(
            "the farthest word was taken",
            farthest,
            "We want the smallest distance. Which end of the list does your function pick?",
        ),
        Mistake(
            "the largest dot product was taken",
            lambda x, c: (x @ c.T).argmax(axis=1),
            "A dot product also grows with the length of the centroid. It agrees with the "
            "distance only if all centroids have the same length.",
        ),
        Mistake(
            "the Manhattan distance was taken",
            lambda x, c: np.abs(x[:, None] - c).sum(axis=2).argmin(axis=1),
            "Absolute differences are added in the L1 distance. The Euclidean one squares them.",
        ),
        Mistake(
            "only the first coordinate was compared",
            lambda x, c: np.abs(x[:, :1] - c[:, 0]).argmin(axis=1),
            "A distance uses all D coordinates. Over which axis do you sum?",
        ),
        Mistake(
            "the differences were added with their signs",
            lambda x, c: (x[:, None] - c).sum(axis=2).argmin(axis=1),
            "Positive and negative differences cancel. Square them before they are added.",
        ),
        Mistake(
            "the nearest descriptor of each word was taken",
            lambda x, c: (
                ((x[:, None] - c) ** 2).sum(axis=2).argmin(axis=0)
                if len(x)
                else np.full(len(c), np.nan)
            ),
            "Every descriptor chooses a word, not the reverse: the result has one entry per "
            "descriptor. Over which axis do you take the minimum?",
        ),
        Mistake(
            "the words were counted from 1",
            lambda x, c: my_assign(x, c) + 1,
            "The paper counts from 1, Python from 0: `centroids[0]` is the first word.",
        ),
    ),
    hints=(
        "`descriptors[:, None] - centroids` has shape (T, K, D): every difference at once.",
        "Square, sum over the last axis, then `argmin` over the words.",
    ),
    solution="The squared distance is smallest where the distance is, so the root can be "
    "left out. Two nested loops are just as right.",
)

RESIDUAL_SUMS = Exercise(
    id="vlad.residual_sums",
    title="Sum the residuals",
    kind="implement",
    statement=r"""Steps 2 and 3 of the algorithm:
$v_k = \sum_{t\,:\,\mathrm{NN}(x_t) = k} (x_t - \mu_k)$.
Write `my_residual_sums(descriptors, centroids, words)`, where `words` holds the index of each
descriptor's word. The result has shape `(K, D)`; a word without descriptors gets zeros.""",
    stub='''def my_residual_sums(descriptors, centroids, words):
    """Sum of the residuals of each word."""
    ...''',
    answer="my_residual_sums",
    reference=my_residual_sums,
    probes=assigned_bag_probes,
    mistakes=(
        Mistake(
            "the centre was not subtracted",
            totals,
            "You add descriptors. What is added up is the difference of each to its word.",
        ),
        Mistake(
            "the residuals were averaged",
            means,
            "You divide by the number of descriptors in the cell, so one descriptor counts as "
            "much as a hundred. The definition only adds.",
        ),
        Mistake(
            "the centre was subtracted once per word",
            lambda x, c, words: totals(x, c, words) - c,
            "Each descriptor has its own residual: a cell of n descriptors subtracts its "
            "centre n times.",
        ),
        Mistake(
            "the residuals point the wrong way",
            lambda x, c, words: -my_residual_sums(x, c, words),
            "A residual is descriptor minus centre, not centre minus descriptor.",
        ),
        Mistake(
            "every descriptor was added to every word",
            lambda x, c, words: x.sum(axis=0) - len(x) * c,
            "A descriptor counts for its own word only: use `words` to choose.",
        ),
        Mistake(
            "the mean of the cell was subtracted instead of the word",
            lambda x, c, words: np.zeros(c.shape),
            "Residuals to their own mean always add up to zero. The word comes from the "
            "codebook, which was learnt on other images.",
        ),
        Mistake(
            "only the last descriptor of each word was kept",
            last_only,
            "A later descriptor writes over the earlier ones. `sums[words] += residuals` does that "
            "too, for it writes each row once; `np.add.at(sums, words, residuals)` adds them all.",
        ),
        Mistake(
            "an empty word got minus its centre",
            minus_empty,
            "Where there is no descriptor there is no residual, so nothing is subtracted either.",
        ),
        Mistake(
            "the axes are swapped",
            lambda x, c, words: my_residual_sums(x, c, words).T,
            "One row per word, one column per dimension.",
        ),
    ),
    hints=(
        "Start from zeros of the shape of `centroids` and visit the descriptors in turn.",
        "For descriptor t of word k: `sums[k] += descriptors[t] - centroids[k]`.",
    ),
    solution="One visit per descriptor, each adding its residual to the row of its word. "
    "Equally right: for each word, `(descriptors[words == k] - centroids[k]).sum(axis=0)`.",
)

VLAD = Exercise(
    id="vlad.vlad",
    title="The whole vector",
    kind="complete",
    statement=r"""Complete the three lines: sum the residuals of each word, write them *word
after word* into one vector, and divide it by its Euclidean length. An image without descriptors, or
whose residuals cancel, gets zeros.""",
    stub='''def my_vlad(descriptors, centroids):
    """VLAD of one image: residual sums, word after word, of length 1."""
    distances = ((descriptors[:, None] - centroids) ** 2).sum(axis=2)  # (T, K)
    words = distances.argmin(axis=1)
    sums = ...  # (K, D)
    vector = ...  # (K*D,)
    return ...''',
    answer="my_vlad",
    reference=my_vlad,
    probes=bag_probes,
    mistakes=(
        Mistake(
            "the vector was not normalised",
            lambda x, c: sums_of(x, c).ravel(),
            "The last line divides by the length of the vector, so that big and small images "
            "can be compared.",
        ),
        Mistake(
            "the numbers are in the order of the dimensions",
            lambda x, c: unit(sums_of(x, c).T.ravel()),
            "All D numbers of the first word come first, then those of the second: flatten "
            "row by row.",
        ),
        Mistake(
            "each word was normalised, not the vector",
            lambda x, c: np.array([unit(v) for v in sums_of(x, c)]).ravel(),
            "You divide every word by its own length. Here one length is asked for, that of "
            "the whole vector; it keeps which words weigh more.",
        ),
        Mistake(
            "each word was normalised before the vector",
            lambda x, c: unit(np.array([unit(v) for v in sums_of(x, c)]).ravel()),
            "That is intra-normalisation, a later exercise. Here only the whole vector is "
            "divided by its length.",
        ),
        Mistake(
            "the squared length was used",
            lambda x, c: sums_of(x, c).ravel() / np.sum(sums_of(x, c) ** 2),
            "The Euclidean length has a square root. Is the length of your result 1?",
        ),
        Mistake(
            "the sum of absolute values was used",
            lambda x, c: sums_of(x, c).ravel() / np.abs(sums_of(x, c)).sum(),
            "That is the L1 norm. Vectors to be compared by Euclidean distance get length 1 in "
            "the same distance.",
        ),
        Mistake(
            "the residuals were averaged",
            lambda x, c: unit(means(x, c).ravel()),
            "A sum per word is asked for. Dividing by the number of descriptors of each word "
            "makes one descriptor weigh as much as a hundred.",
        ),
        Mistake(
            "the centre was not subtracted",
            lambda x, c: unit(totals(x, c).ravel()),
            "The sums are over residuals, descriptor minus centre.",
        ),
        Mistake(
            "the residuals point the wrong way",
            lambda x, c: -my_vlad(x, c),
            "A residual is descriptor minus centre, not centre minus descriptor.",
        ),
        Mistake(
            "only the last descriptor of each word was kept",
            lambda x, c: unit(last_only(x, c, my_assign(x, c)).ravel()),
            "A later descriptor writes over the earlier ones. `sums[words] += residuals` does that "
            "too, for it writes each row once; `np.add.at(sums, words, residuals)` adds them all.",
        ),
        Mistake(
            "an empty word got minus its centre",
            lambda x, c: unit(minus_empty(x, c, my_assign(x, c)).ravel()),
            "Where there is no descriptor there is no residual, so nothing is subtracted either.",
        ),
    ),
    hints=(
        "`(descriptors[words == k] - centroids[k]).sum(axis=0)` is the sum of word k.",
        "`sums.ravel()` goes row by row; `np.linalg.norm(vector)` is the length.",
        "Zeros stay zeros if you divide by `max(length, 1e-12)`.",
    ),
    solution="Flattening row by row writes word after word. Dividing by `max(length, 1e-12)` "
    "leaves the zero vector as it is; an `if` does too.",
)
