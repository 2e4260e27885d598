"""The exercises of *Which one wins?* on the vectors: ranking, whitening, expansion."""

from __future__ import annotations

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.vlad.answers import unit
from coursekit.exercises.which_one_wins.answers import (
    clipped,
    expand_probes,
    expanded,
    first_skipped,
    least_similar,
    multiplied,
    my_expand,
    my_rank,
    my_whiten,
    raised,
    rank_probes,
    whiten_probes,
    zero_or_unit,
)

RANK = Exercise(
    id="which_one_wins.rank",
    title="The closest first",
    kind="implement",
    statement=r"""Write `my_rank(query, database)`: for a query of shape `(D,)` and a database of
shape `(N, D)`, the indices of all $N$ photos from the closest to the farthest by cosine,
$\langle q, x_i \rangle / (\lVert q \rVert \lVert x_i \rVert)$. The vectors are not of length 1, and
none is zero. There are no ties.""",
    stub='''def my_rank(query, database):
    """Photos of the database, from the closest to the farthest by cosine."""
    ...''',
    answer="my_rank",
    reference=my_rank,
    probes=rank_probes,
    mistakes=(
        Mistake(
            "the vectors of the database were not normalised",
            lambda q, x: np.argsort(-(x @ q)),
            "A long vector has large dot products with everything. Divide each by its length.",
        ),
        Mistake(
            "the farthest photo came first",
            lambda q, x: my_rank(q, x)[::-1],
            "`np.argsort` sorts upwards. Similarities have to be sorted downwards, distances "
            "upwards.",
        ),
        Mistake(
            "the Euclidean distance of the vectors as they are was used",
            lambda q, x: np.argsort(np.linalg.norm(x - q, axis=1)),
            "Distances rank as cosines do only if all vectors have length 1. Normalise first.",
        ),
        Mistake(
            "the largest distance of the vectors as they are came first",
            lambda q, x: np.argsort(-np.linalg.norm(x - q, axis=1)),
            "A distance is small for a close photo: the minus sign belongs to similarities. And "
            "the vectors have to be normalised.",
        ),
        Mistake(
            "each dimension was normalised, not each photo",
            lambda q, x: np.argsort(-((x / np.linalg.norm(x, axis=0)) @ q)),
            "A photo is a row of the database. Over which axis do you take the length?",
        ),
        Mistake(
            "the rank of each photo was returned",
            lambda q, x: my_rank(q, x).argsort(),
            "You say at which place each photo comes. Asked is which photo comes at each place: "
            "one `argsort`, not two.",
        ),
        Mistake(
            "the similarities were returned",
            lambda q, x: x @ q / np.linalg.norm(x, axis=1) / np.linalg.norm(q),
            "These are the cosines. Return the order of the photos, whole numbers.",
        ),
        Mistake(
            "the photos were counted from 1",
            lambda q, x: my_rank(q, x) + 1,
            "`database[0]` is the first photo: indices count from 0.",
        ),
    ),
    hints=(
        "`np.linalg.norm(database, axis=1)` holds the N lengths.",
        "`np.argsort(-cosines)` sorts downwards.",
    ),
    solution="The length of the query is the same for all photos and changes no order; the lengths "
    "of the photos do. On vectors of length 1, the smallest distance is the largest cosine, for "
    "the squared distance is 2 − 2 cos.",
)

WHITEN = Exercise(
    id="which_one_wins.whiten",
    title="Whiten a vector",
    kind="implement",
    statement=r"""A PCA on *other* photos gave the mean $m$, the eigenvectors of the covariance as
the *columns* of $U$, and the eigenvalues $\lambda_1, \ldots, \lambda_D$, all positive. Write
`my_whiten(vector, mean, eigenvectors, eigenvalues)`: $y = \Lambda^{-1/2} U^\top (x - m)$, then $y$
divided by its Euclidean length. A vector equal to the mean gets zeros.""",
    stub='''def my_whiten(vector, mean, eigenvectors, eigenvalues):
    """PCA whitening of one vector, to length 1."""
    ...''',
    answer="my_whiten",
    reference=my_whiten,
    probes=whiten_probes,
    mistakes=(
        Mistake(
            "the mean was not subtracted",
            lambda x, m, u, lam: unit(u.T @ x / np.sqrt(lam)),
            "The eigenvectors describe how vectors differ from the mean. Subtract it first.",
        ),
        Mistake(
            "the coordinates were multiplied by the root of the eigenvalue",
            lambda x, m, u, lam: unit(u.T @ (x - m) * np.sqrt(lam)),
            "That makes strong directions stronger still. Whitening gives all of them variance 1.",
        ),
        Mistake(
            "the coordinates were divided by the eigenvalue",
            lambda x, m, u, lam: unit(u.T @ (x - m) / lam),
            "An eigenvalue is a variance. Which power of it has the unit of a coordinate?",
        ),
        Mistake(
            "the coordinates were not divided",
            lambda x, m, u, lam: unit(u.T @ (x - m)),
            "A rotation alone changes no distance. What gives every direction variance 1?",
        ),
        Mistake(
            "the vector was not normalised at the end",
            lambda x, m, u, lam: u.T @ (x - m) / np.sqrt(lam),
            "Subtracting and dividing have changed the length. Is the length of your result 1?",
        ),
        Mistake(
            "the vector was normalised before the whitening, not after it",
            lambda x, m, u, lam: u.T @ zero_or_unit(x - m) / np.sqrt(lam),
            "The division by the roots changes the length again; the normalisation comes last.",
        ),
        Mistake(
            "the result was divided by the sum of its absolute values",
            lambda x, m, u, lam: (y := u.T @ (x - m) / np.sqrt(lam)) / np.abs(y).sum(),
            "That is the L1 length. The Euclidean one is the root of the sum of squares, "
            "`np.linalg.norm(y)`.",
        ),
        Mistake(
            "the result was divided by its squared length",
            lambda x, m, u, lam: (y := u.T @ (x - m) / np.sqrt(lam)) / (y @ y),
            "`y @ y` is the square of the length: a root is missing.",
        ),
        Mistake(
            "the axes of the eigenvectors are swapped",
            lambda x, m, u, lam: unit(u @ (x - m) / np.sqrt(lam)),
            "The eigenvectors are columns: coordinate i is the dot product with column i.",
        ),
        Mistake(
            "the mean was subtracted after the rotation",
            lambda x, m, u, lam: unit((u.T @ x - m) / np.sqrt(lam)),
            "The mean lives in the old coordinates. Subtract it there.",
        ),
        Mistake(
            "the whitened vector was turned back",
            lambda x, m, u, lam: unit(u @ (u.T @ (x - m) / np.sqrt(lam))),
            "Cosines are the same after turning back, but coordinates could no longer be cut to "
            "the first few. The formula ends in the new coordinates.",
        ),
        Mistake(
            "the vector was subtracted from the mean",
            lambda x, m, u, lam: -my_whiten(x, m, u, lam),
            "Vector minus mean, not mean minus vector.",
        ),
    ),
    hints=(
        "`eigenvectors.T @ (vector - mean)` holds one coordinate per eigenvector.",
        "Their standard deviations are `np.sqrt(eigenvalues)`.",
        "Zeros stay zeros if you divide by `max(length, 1e-12)`.",
    ),
    solution="Centre, rotate, give each direction variance 1, and normalise. Centring removes what "
    "all photos share. The first directions are those in which they vary most, and would dominate "
    "every dot product; divided by their large standard deviations, they no longer do.",
)

EXPAND = Exercise(
    id="which_one_wins.expand",
    title="Ask again with what was found",
    kind="implement",
    statement=r"""Query expansion (Chum et al. 2007; with weights, Radenović et al. 2019) searches a
second time, with the query and its first results in one vector: these show more of the object than
the query alone. Write `my_expand(query, database, n_first, alpha)` for vectors of length 1:
$q' = q + \sum_i \langle q, x_i \rangle^\alpha \, x_i$ over those of the `n_first` most similar
$x_i$ whose similarity is *positive*, then $q'$ divided by its Euclidean length. With $\alpha = 0$
each of them weighs 1. There are no ties.""",
    stub='''def my_expand(query, database, n_first, alpha):
    """Query plus its first results, weighted by similarity to the power alpha, of length 1."""
    ...''',
    answer="my_expand",
    reference=my_expand,
    probes=expand_probes,
    mistakes=(
        Mistake(
            "the query was left out",
            lambda q, x, n, a: zero_or_unit(expanded(q, x, n, a) - q),
            "If the first results are wrong, only the query itself holds the search on course. "
            "Add it, with weight 1.",
        ),
        Mistake(
            "negative similarities were raised to the power alpha",
            lambda q, x, n, a: unit(raised(q, x, n, a)),
            "Odd powers subtract such a result, even ones add it as if it were similar. Leave out "
            "what has no positive similarity.",
        ),
        Mistake(
            "results without positive similarity were added when alpha is 0",
            lambda q, x, n, a: unit(clipped(q, x, n, a)),
            "In Python `0 ** 0` is 1: clipping a negative similarity to 0 does not leave it out.",
        ),
        Mistake(
            "the vector was not normalised at the end",
            lambda q, x, n, a: expanded(q, x, n, a),
            "The sum is longer than 1. Divide by its length.",
        ),
        Mistake(
            "all results weigh the same",
            lambda q, x, n, a: my_expand(q, x, n, 0),
            "That is the average query expansion, α = 0. Where does `alpha` come in?",
        ),
        Mistake(
            "alpha times the similarity was the weight",
            lambda q, x, n, a: unit(multiplied(q, x, n, a)),
            "`alpha` is an exponent, not a factor. With alpha = 0 each result weighs 1.",
        ),
        Mistake(
            "the first result was skipped as if it were the query",
            lambda q, x, n, a: unit(first_skipped(q, x, n, a)),
            "The database does not hold the query; its first result is a photo like the others.",
        ),
        Mistake(
            "the whole database was added",
            lambda q, x, n, a: my_expand(q, x, len(x), a),
            "Only the `n_first` most similar results are likely to be right.",
        ),
        Mistake(
            "the least similar results were added",
            lambda q, x, n, a: unit(least_similar(q, x, n, a)),
            "`np.argsort` sorts upwards. The first results have the largest similarities.",
        ),
        Mistake(
            "the results were averaged before the query was added",
            lambda q, x, n, a: unit(q + (expanded(q, x, n, a) - q) / min(n, len(x))),
            "The query then weighs as much as all results together. Every vector of the sum "
            "stands for itself.",
        ),
    ),
    hints=(
        "`similarities = database @ query`, and `np.argsort(-similarities)[:n_first]` are the "
        "first results.",
        "Start from the query; add `similarities[i] ** alpha * database[i]` if "
        "`similarities[i]` is positive.",
    ),
    solution="The query has weight 1, the similarity of a vector to itself. Large powers trust "
    "only what is almost as similar; α = 0 trusts all of the first results alike.",
)
