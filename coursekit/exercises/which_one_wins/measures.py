"""The exercises of *Which one wins?* on measuring: average precision and its mean."""

from __future__ import annotations

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.which_one_wins.answers import (
    areas,
    before_is_zero,
    from_zero,
    map_probes,
    map_with,
    mean_of_places,
    my_average_precision,
    my_map,
    one_for_the_first_positive,
    previous_positive,
    query_is_wrong,
    query_last,
    ranking_probes,
    ranks_of,
    terms,
)

BY_HAND = Exercise(
    id="which_one_wins.by_hand",
    title="A ranking with a pencil",
    kind="predict",
    statement=r"""A query has three positives. Its ranking reads: *right, wrong, junk, right, wrong,
right*. Take the junk out, find the ranks $r_1, r_2, r_3$ of the positives, and compute on paper

$$AP = \frac{1}{P} \sum_{i=1}^{P} \frac{1}{2} \left( \frac{i - 1}{r_i - 1} + \frac{i}{r_i} \right)$$

where the first fraction is 1 for $r_i = 1$. Three digits will do.""",
    stub="by_hand = ...",
    answer="by_hand",
    reference=32 / 45,
    mistakes=(
        Mistake(
            "the junk was counted as wrong",
            28 / 45,
            "Junk is neither right nor wrong. What rank has the second positive once it is gone?",
        ),
        Mistake(
            "the junk was counted as right",
            117 / 160,
            "Finding junk earns nothing. There are three positives, not four.",
        ),
        Mistake(
            "the step form was computed",
            34 / 45,
            "You averaged the precision at each positive. The trapezoid also looks at the "
            "precision just before it.",
        ),
        Mistake(
            "the sum was divided by the number of results",
            32 / 75,
            "P counts what there is to find, however long the list is.",
        ),
        Mistake(
            "the precision before the first rank was taken as 0",
            49 / 90,
            "Before the first result nothing has gone wrong yet: the curve starts at precision 1.",
        ),
        Mistake(
            "the sum was not divided",
            32 / 15,
            "An average precision lies between 0 and 1. How many terms did you add?",
        ),
        Mistake(
            "the half was forgotten",
            64 / 45,
            "An average precision lies between 0 and 1. Each term is the mean of two precisions, "
            "not their sum.",
        ),
        Mistake(
            "the precision at the previous positive was taken",
            37 / 45,
            "The first fraction is the precision at rank r − 1, whatever stands there: wrong "
            "photos since the previous positive have lowered it.",
        ),
    ),
    hints=(
        "Without the junk the list has five results.",
        "The ranks are 1, 3, 5, and the first term of the sum is 1.",
    ),
    solution="The ranks are 1, 3, 5. The terms are 1, (1/2 + 2/3)/2 = 7/12 and "
    "(2/4 + 3/5)/2 = 11/20; their mean is 32/45, about 0.711.",
    tolerance=0.002,
)

AVERAGE_PRECISION = Exercise(
    id="which_one_wins.average_precision",
    title="Average precision",
    kind="implement",
    statement=r"""Write `my_average_precision(ranking)` for one ranking of the whole database,
closest photo first: 1 is a positive, 0 a wrong photo, −1 junk. Take out the junk; then

$$AP = \frac{1}{P} \sum_{i=1}^{P} \frac{1}{2} \left( \frac{i - 1}{r_i - 1} + \frac{i}{r_i} \right)$$

with $r_i$ the rank, from 1, of the $i$-th of the $P \geq 1$ positives; the first fraction is 1 for
$r_i = 1$.""",
    stub='''def my_average_precision(ranking):
    """Area under the precision-recall curve of one ranking: 1 right, 0 wrong, -1 junk."""
    ...''',
    answer="my_average_precision",
    reference=my_average_precision,
    probes=ranking_probes,
    mistakes=(
        Mistake(
            "the junk was counted as wrong",
            lambda ranking: areas(ranks_of(np.maximum(ranking, 0))).mean(),
            "Junk pushes no positive down. Take it out of the list before you count ranks.",
        ),
        Mistake(
            "the junk was counted as right",
            lambda ranking: areas(ranks_of(np.abs(ranking))).mean(),
            "Only 1 is a positive; −1 counts as true in Python, too. Compare with 1.",
        ),
        Mistake(
            "the step form was computed",
            lambda ranking: np.mean(
                np.arange(1, np.sum(ranking == 1) + 1) / ranks_of(ranking),
            ),
            "You averaged the precision at each positive. The trapezoid takes the mean with the "
            "precision just before it.",
        ),
        Mistake(
            "only the precision before each positive was taken",
            lambda ranking: np.mean(
                2 * areas(ranks_of(ranking))
                - np.arange(1, np.sum(ranking == 1) + 1) / ranks_of(ranking)
            ),
            "That is the left end of each trapezoid. The right one is i / r.",
        ),
        Mistake(
            "the sum was divided by the number of results",
            lambda ranking: areas(ranks_of(ranking)).sum() / np.sum(ranking >= 0),
            "P counts what there is to find, however long the list is. A perfect ranking gets 1.",
        ),
        Mistake(
            "the sum was not divided",
            lambda ranking: areas(ranks_of(ranking)).sum(),
            "An average precision lies between 0 and 1. How many terms did you add?",
        ),
        Mistake(
            "the half was forgotten",
            lambda ranking: 2 * areas(ranks_of(ranking)).mean(),
            "Each term is the mean of two precisions, not their sum. A perfect ranking gets 1.",
        ),
        Mistake(
            "the precision at the previous positive was taken",
            previous_positive,
            "The first fraction is the precision at rank r − 1, whatever stands there: wrong "
            "photos since the previous positive have lowered it.",
        ),
        Mistake(
            "the first fraction was 1 for i = 1, not for r = 1",
            one_for_the_first_positive,
            "With wrong photos in front of the first positive, the precision before it is 0: "
            "nothing has been found yet.",
        ),
        Mistake(
            "the precision before the first rank was taken as 0",
            before_is_zero,
            "Before the first result nothing has gone wrong yet: with r = 1 the first fraction "
            "is 1. A perfect ranking gets 1.",
        ),
        Mistake(
            "the ranks were counted from 0",
            from_zero,
            "Python counts from 0, the formula from 1: the first photo of the list has rank 1.",
        ),
        Mistake(
            "the ranking was read from its end",
            lambda ranking: areas(ranks_of(ranking[::-1])).mean(),
            "The closest photo comes first in `ranking`.",
        ),
    ),
    hints=(
        "`kept = ranking[ranking >= 0]` has no junk.",
        "`np.flatnonzero(kept == 1) + 1` holds the ranks of the positives.",
        "`enumerate(ranks, start=1)` gives i with each of them.",
    ),
    nan_hint="Where a positive has r = 1, the first fraction divides by r − 1. The statement says "
    "what stands in its place.",
    solution="The ranks are counted after the junk is gone. Each positive adds a trapezoid of "
    "width 1/P in recall, whose sides are the precisions before and at its rank.",
)

WITHOUT_ITSELF = Exercise(
    id="which_one_wins.without_itself",
    title="Not its own answer",
    kind="complete",
    statement=r"""Each photo of a set is a query once, and the whole set is the database. Complete
the three gaps: the ranking of `query` without the query itself, what to do if no other photo shows
its place (such a query does not count), and the result. `similarities` has shape `(N, N)`, one row
per query, without ties; with an approximate search it need not be symmetric, and another photo may
well stand above the query itself. `places` holds the number of each photo's place.""",
    stub='''def my_map(similarities, places):
    """Mean average precision, each photo a query and out of its own ranking."""
    precisions = []
    for query, place in enumerate(places):
        order = ...  # photos, the closest first, without the query
        right = places[order] == place
        if ...:  # nothing to find
            continue
        after = np.cumsum(right) / np.arange(1, len(right) + 1)
        before = np.append(1, after[:-1])
        precisions.append(np.mean((before + after)[right] / 2))
    return ...''',
    answer="my_map",
    reference=my_map,
    probes=map_probes,
    mistakes=(
        Mistake(
            "the query was left in its own ranking",
            lambda s, p: map_with(s, p, lambda scores, q: np.argsort(-scores)),
            "Every vector is its own nearest neighbour, so each query starts with a right answer "
            "that it did not have to find.",
        ),
        Mistake(
            "the first result was dropped, whichever photo it was",
            lambda s, p: map_with(s, p, lambda scores, q: np.argsort(-scores)[1:]),
            "The first result need not be the query: a copy or an approximate search can beat it. "
            "Drop the photo whose number is `query`.",
        ),
        Mistake(
            "the query was moved to the end of its ranking",
            lambda s, p: map_with(s, p, query_last),
            "A similarity of −∞ puts the query last, where it still counts as a positive found "
            "late. It has to leave the list.",
        ),
        Mistake(
            "the query was left in its ranking and counted as wrong",
            query_is_wrong,
            "It still takes a rank, mostly the first, and pushes every positive down by one. It "
            "has to leave the list.",
        ),
        Mistake(
            "the numbers of the photos are those of the shortened list",
            lambda s, p: map_with(s, p, lambda scores, q: np.argsort(-np.delete(scores, q))),
            "Once an entry is deleted, all photos behind it have moved up by one, but `places` "
            "has not. Rank first, then take the query out of the ranking.",
        ),
        Mistake(
            "each query was ranked by its column",
            lambda s, p: my_map(s.T, p),
            "A query has a row: `similarities[query]`. Its column holds how similar this photo "
            "is to every query.",
        ),
        Mistake(
            "a query that has nothing to find counted as 0",
            lambda s, p: np.mean([t.mean() if len(t) else 0 for t in terms(s, p)]),
            "No method could do better on it. Such a query is skipped, and the mean is over the "
            "others.",
        ),
        Mistake(
            "the ranking starts with the farthest photo",
            lambda s, p: map_with(s, p, lambda scores, q: (o := np.argsort(scores))[o != q]),
            "`np.argsort` sorts upwards, and a high similarity is a close photo.",
        ),
        Mistake(
            "the mean was taken over the positives, not over the queries",
            lambda s, p: np.concatenate(terms(s, p)).mean(),
            "A place with many photos then counts several times over. First one average for each "
            "query, then their mean.",
        ),
        Mistake(
            "the mean was taken over the places, not over the queries",
            mean_of_places,
            "All queries weigh the same in mAP, and so a place weighs as much as it has queries.",
        ),
        Mistake(
            "the sum over the queries was returned",
            lambda s, p: np.sum([t.mean() for t in terms(s, p) if len(t)]),
            "An mAP lies between 0 and 1. The M stands for mean.",
        ),
    ),
    hints=(
        "`np.argsort(-similarities[query])` ranks the set, the query included.",
        "`order[order != query]` leaves it out wherever it stands.",
        "`right.any()` says whether there is something to find.",
    ),
    nan_hint="Where a query has nothing to find, its mean is that of no numbers, NaN. Skip it "
    "before: `right.any()` says whether there is something to find.",
    solution="`order[order != query]` removes the query wherever it stands. `np.mean(precisions)` "
    "is over the queries that count.",
)
