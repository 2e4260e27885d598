"""The exercise of *Which one wins?* on the confidence interval of an mAP."""

from __future__ import annotations

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.which_one_wins.answers import (
    gaussian,
    interval_probes,
    my_interval,
    quantiles,
    resampled,
)

INTERVAL = Exercise(
    id="which_one_wins.interval",
    title="Draw the photos, not the queries",
    kind="implement",
    statement=r"""The copies of one photo succeed and fail together, so the bootstrap draws whole
groups. `values` holds the average precision of each query and `groups` the number of the photo that
it was made from. Each row of `draws` holds as many group numbers as there are groups, drawn with
replacement. Write `my_interval(values, groups, draws)`: for each row the mean over *all queries*
of the drawn groups, where a group drawn twice counts twice; then the quantiles 0.025 and 0.975 of
these means, as `np.quantile` computes them.""",
    stub='''def my_interval(values, groups, draws):
    """Low and high end of the 95 % interval, from groups drawn with replacement."""
    ...''',
    answer="my_interval",
    reference=my_interval,
    probes=interval_probes,
    mistakes=(
        Mistake(
            "queries were drawn instead of groups",
            lambda v, g, draws: quantiles([v[drawn].mean() for drawn in draws]),
            "`values[drawn]` picks single queries. A drawn number is that of a group: all of its "
            "queries come along.",
        ),
        Mistake(
            "a group drawn twice counted once",
            lambda v, g, draws: quantiles([v[np.isin(g, drawn)].mean() for drawn in draws]),
            "`np.isin` asks whether a group was drawn, not how often. Visit the drawn groups in "
            "turn.",
        ),
        Mistake(
            "the means of the groups were averaged",
            lambda v, g, draws: quantiles(
                [np.mean([v[g == one].mean() for one in drawn]) for drawn in draws]
            ),
            "mAP is a mean over queries: a group of six weighs six times as much as a group of "
            "one. Gather the queries of the drawn groups first.",
        ),
        Mistake(
            "the sum was divided by the number of all queries",
            lambda v, g, draws: quantiles(
                [sum(v[g == one].sum() for one in drawn) / len(v) for drawn in draws]
            ),
            "Groups have different sizes, so each draw has its own number of queries.",
        ),
        Mistake(
            "the quantiles are those of 90 %",
            lambda v, g, draws: quantiles(resampled(v, g, draws), 0.05),
            "With 5 % left out on each side, 90 % remain.",
        ),
        Mistake(
            "fractions were handed to `np.percentile`",
            lambda v, g, draws: np.percentile(resampled(v, g, draws), [0.025, 0.975]),
            "`np.percentile` counts from 0 to 100, so 0.975 is not even its first hundredth and "
            "both ends are close to the smallest mean. `np.quantile` counts from 0 to 1.",
        ),
        Mistake(
            "the smallest and the largest mean were taken",
            lambda v, g, draws: quantiles(resampled(v, g, draws), 0.0),
            "The extremes grow with the number of draws. 2.5 % are left out on each side.",
        ),
        Mistake(
            "1.96 standard deviations were taken",
            lambda v, g, draws: gaussian(resampled(v, g, draws)),
            "That assumes a Gaussian, and can leave the range from 0 to 1. The percentile "
            "interval reads the ends off the resampled means.",
        ),
        Mistake(
            "the high end comes first",
            lambda v, g, draws: my_interval(v, g, draws)[::-1],
            "Low end first.",
        ),
    ),
    hints=(
        "`values[groups == g]` holds all queries of group g.",
        "`np.concatenate` over the numbers of one row gathers the queries of that draw.",
        "`np.quantile(means, [0.025, 0.975])` gives both ends.",
    ),
    solution="Drawing groups keeps what belongs together together. With queries drawn one by one, "
    "thirty copies of one photo would count as thirty witnesses, and the interval would be too "
    "narrow.",
)
