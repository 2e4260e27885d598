"""The quiz of the chapter *Which one wins?* on evaluation."""

from __future__ import annotations

from coursekit.exercises.bank import Option, QuizItem

QUIZ = (
    QuizItem(
        "On the same few dozen queries, method A has an mAP of 0.65 with the 95 % interval 0.57 to "
        "0.72, and B 0.62 with 0.54 to 0.70. What has been shown?",
        (
            Option(
                "A is better: both met the same queries, and the mean of A is higher",
                "It is higher on these queries. Another draw of photos could turn the order round: "
                "each interval reaches farther from its mean than the means lie apart.",
            ),
            Option(
                "A and B are equally good, because their two intervals overlap",
                "Overlap does not prove equality. Both methods met the same queries, so the "
                "differences query by query can be sure where the two means are not.",
            ),
            Option(
                "It is still open which of the two methods is the better one",
                "The gap is smaller than what the choice of photos alone moves each mean by. The "
                "next step is an interval for the differences on the same queries, or a larger "
                "set.",
                right=True,
            ),
            Option(
                "A is the better one of the two, with a probability of 95 %",
                "95 % is said of each interval by itself, and about how often such intervals hold "
                "the true mean. The difference needs an interval of its own.",
            ),
        ),
    ),
    QuizItem(
        "Copies has many queries made from each source photo. Why does the bootstrap draw source "
        "photos, and not queries?",
        (
            Option(
                "Copies of one photo are found or missed together, so they are one draw",
                "A photo of texture is found in all its copies, a photo of fog in none. Drawn one "
                "by one, they would count as so many independent witnesses.",
                right=True,
            ),
            Option(
                "Every source photo should weigh the same, whatever number of copies it has",
                "It does not: the mean stays over the queries of the drawn photos, so a photo "
                "weighs as much as it has queries.",
            ),
            Option(
                "The interval becomes narrower, so that more methods can be told apart",
                "It becomes wider as a rule. Drawing queries is what makes it narrow, and wrong.",
            ),
            Option(
                "There are fewer source photos than queries, which saves computing time",
                "It does, a little, but both take milliseconds. The reason is what the interval "
                "claims to say.",
            ),
        ),
    ),
    QuizItem(
        "A PCA whitening is learnt on the database and the queries, then evaluated on them. What "
        "is wrong with that?",
        (
            Option(
                "Nothing: a PCA sees no labels, so it cannot know which photos match",
                "It needs no labels to fit the directions in which just these photos differ. With "
                "few photos in many dimensions it nearly memorises them.",
            ),
            Option(
                "Whitened vectors may not be compared by cosine, as they are not centred",
                "They are centred, and their last normalisation makes the dot product a cosine. "
                "The question is where mean and directions come from.",
            ),
            Option(
                "Mean and directions were fitted to the very photos that judge them",
                "The figure then says how well the whitening suits these photos, not the next "
                "ones. Codebooks, whitening and networks are learnt on other photos.",
                right=True,
            ),
            Option(
                "A whitening needs pairs of matching photos, which the database does not mark",
                "The learned whitening does; PCA whitening does not. Either has to be learnt on "
                "photos that are not evaluated.",
            ),
        ),
    ),
    QuizItem(
        "One method leads on Copies, another one on Places. What is the likeliest reason?",
        (
            Option(
                "One set has mistakes in its ground truth, or one method would lead on both",
                "That can happen, but two honest sets may well disagree: they do not ask the same "
                "question.",
            ),
            Option(
                "The two sets ask for different invariances, and no method has them all",
                "A copy keeps the pixels' arrangement under a crop, a blur or a JPEG; another view "
                "of a place changes viewpoint, light and what is visible. A method is good at "
                "something.",
                right=True,
            ),
            Option(
                "The vectors of the two methods differ in dimension, which mAP cannot compare",
                "mAP sees rankings only, whatever they were computed from. Bytes are reported "
                "beside it because it does not see them.",
            ),
        ),
    ),
    QuizItem(
        "A broken method gives every photo the same vector, so all scores are equal. What average "
        "precision does it get by the rule for ties of this page?",
        (
            Option(
                "1, because every photo of the list shares the first rank",
                "Then the best way to win would be to tell nothing apart.",
            ),
            Option(
                "Whatever the order of photos in the database gives",
                "That is what a plain sort does, and it flatters where the photos to be found are "
                "stored in front. The rule is there to prevent it.",
            ),
            Option(
                "What chance gives on average, over all orders of the tie",
                "For one positive among 160 photos, that is about 0.02. The rule takes the worst "
                "order instead, whose AP is lower still.",
            ),
            Option(
                "The lowest there is: positives come last among equals",
                "Ties are decided against the method, so a score that says nothing earns nothing.",
                right=True,
            ),
        ),
    ),
    QuizItem(
        "By mistake, each query stays in the database and counts as a positive. What happens to "
        "the figures?",
        (
            Option(
                "All of them rise, most of all for queries with very few positives",
                "One right answer at rank 1 comes for nothing. A query with a single positive at "
                "rank 10 goes from an AP of 0.05 to about 0.57.",
                right=True,
            ),
            Option(
                "All methods gain the same, so the order of the table stays as it is",
                "They gain most where they were worst, so gaps shrink, and figures no longer "
                "compare with those of any paper.",
            ),
            Option(
                "All of them fall, because there is one more positive to find",
                "It is found at rank 1, by every method whose similarity is largest for equal "
                "vectors.",
            ),
        ),
    ),
    QuizItem(
        "On fifty queries, method A has an mAP of 0.71 with 8192 numbers a photo, method B 0.70 "
        "with 256. Which one wins?",
        (
            Option(
                "A, because mAP is what a table of results is sorted by",
                "On fifty queries a gap of 0.01 is within the noise, and A needs 32 times the "
                "memory of B for it.",
            ),
            Option(
                "B, because a shorter vector wins wherever mAP is nearly equal",
                "If photos are few, the shorter vector buys nothing, and the gap may be real. "
                "Bytes are a cost to be weighed, not a merit.",
            ),
            Option(
                "Neither: methods compare at the same number of dimensions only",
                "They may be compared at any, as long as the table says it. Each is a point in a "
                "plot of accuracy against bytes.",
            ),
            Option(
                "It depends on how many photos have to be held in memory",
                "As 4-byte floats, a million photos take about 33 GB with A and 1 GB with B. For "
                "a thousand photos nobody would notice.",
                right=True,
            ),
        ),
    ),
    QuizItem(
        "GeM has an mAP of 0.80 on a small set of yours; a paper reports 0.80 for it on Oxford 5k. "
        "What follows?",
        (
            Option(
                "Your network is as good as the paper's, for the measure is the same",
                "The same measure on an easier set gives a higher figure. Nothing is known about "
                "how hard the two sets are.",
            ),
            Option(
                "Little about the networks, for set and protocol differ as well",
                "Figures compare on one set under one protocol. Run both networks on both sets "
                "before you say more.",
                right=True,
            ),
            Option(
                "Your set is as hard as Oxford 5k, for GeM does equally well on both",
                "Only if network, size of the photos and protocol were the same. One figure cannot "
                "tell an easy set from a good network.",
            ),
            Option(
                "Your network is better: on a small set, each miss costs more",
                "A small database has fewer distractors to fall for, so as a rule its mAP is "
                "higher.",
            ),
        ),
    ),
)
