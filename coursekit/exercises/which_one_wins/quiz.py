"""The quiz of the chapter *Which one wins?* on evaluation."""

from __future__ import annotations

from coursekit.exercises.bank import Option, QuizItem

QUIZ = (
    QuizItem(
        "On a few dozen queries, method A has an mAP of 0.65 with the interval 0.57 to 0.72, and B "
        "0.62 with 0.54 to 0.70. What has been shown?",
        (
            Option(
                "A is better: its mAP is higher on every photo that was tried",
                "Its mean is higher; on single queries it may well lose. And another draw of "
                "photos could turn the order round.",
            ),
            Option(
                "A and B are equally good, because their intervals overlap",
                "Overlap does not prove equality. Both methods met the same queries, so the "
                "differences query by query can be sure where the two means are not.",
            ),
            Option(
                "Not yet which of the two is better",
                "The gap is smaller than what the choice of photos alone moves each mean by. The "
                "next step is an interval for the differences on the same queries, or a larger "
                "set.",
                right=True,
            ),
        ),
    ),
    QuizItem(
        "Copies has many queries made from each source photo. Why does the bootstrap draw source "
        "photos, and not queries?",
        (
            Option(
                "Copies of one photo succeed and fail together",
                "A photo of texture is found in all its copies, a photo of fog in none. Drawn one "
                "by one, they would count as so many independent witnesses.",
                right=True,
            ),
            Option(
                "Every source photo should weigh the same in the mean",
                "It does not: the mean stays over the queries of the drawn photos, so a photo "
                "weighs as much as it has queries.",
            ),
            Option(
                "The interval becomes narrower, so that more methods can be told apart",
                "It becomes wider as a rule. Drawing queries is what makes it narrow, and wrong.",
            ),
            Option(
                "There are fewer photos than queries, which saves time",
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
                "Whitened vectors may not be compared by cosine any more",
                "They may; that is what the last normalisation is for. The question is where mean "
                "and directions come from.",
            ),
            Option(
                "It was fitted to the very photos that judge it",
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
                "One of the two sets must have a mistake in its ground truth",
                "That can happen, but two honest sets may well disagree: they do not ask the same "
                "question.",
            ),
            Option(
                "The two sets ask for different invariances",
                "A copy keeps the pixels' arrangement under a crop, a blur or a JPEG; another view "
                "of a place changes viewpoint, light and what is visible. A method is good at "
                "something.",
                right=True,
            ),
            Option(
                "mAP cannot be compared between methods whose vectors have different dimensions",
                "mAP sees rankings only, whatever they were computed from. Bytes are reported "
                "beside it because it does not see them.",
            ),
        ),
    ),
    QuizItem(
        "A broken method gives every photo the same vector, so all scores are equal. What average "
        "precision does the rule of this course give it?",
        (
            Option(
                "1, because every photo shares the first rank",
                "Then the best way to win would be to tell nothing apart.",
            ),
            Option(
                "Whatever the order in which the photos are stored happens to give",
                "That is what a plain sort does, and it flatters where the photos to be found are "
                "stored in front. The rule is there to prevent it.",
            ),
            Option(
                "About the share of positives, as for a ranking by chance",
                "That is the mean over all ways of breaking the tie. The rule takes the worst of "
                "them.",
            ),
            Option(
                "The lowest there is: among equals, positives rank last",
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
                "All of them rise, most of all for queries with few positives",
                "One right answer at rank 1 comes for nothing. A query with a single positive at "
                "rank 10 goes from an AP of 0.05 to about 0.57.",
                right=True,
            ),
            Option(
                "Nothing that matters: all methods gain the same, so the order of the table stays",
                "They gain most where they were worst, so gaps shrink, and figures no longer "
                "compare with those of any paper.",
            ),
            Option(
                "They fall, because one more positive has to be found",
                "It is found at rank 1, by every method whose similarity is largest for equal "
                "vectors.",
            ),
        ),
    ),
    QuizItem(
        "Method A has an mAP of 0.71 with 8192 numbers a photo, method B 0.70 with 256. Which one "
        "wins?",
        (
            Option(
                "A, because accuracy is what a table of results is sorted by",
                "A gap of 0.01 is within the noise of a small set, and A needs 32 times the memory "
                "of B for it.",
            ),
            Option(
                "B, because a smaller vector is always the better one",
                "One number a photo would be smaller still. Bytes are a cost, not a merit.",
            ),
            Option(
                "Neither: methods may only be compared at the same number of dimensions",
                "They may be compared at any, as long as the table says it. Each is a point in a "
                "plot of accuracy against bytes.",
            ),
            Option(
                "It depends on how many photos have to fit into memory",
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
                "Your network is as good as the one of the paper, since the measure is the same",
                "The same measure on an easier set gives a higher figure. Nothing is known about "
                "how hard the two sets are.",
            ),
            Option(
                "Nothing: set, network and protocol differ",
                "Figures compare on one set under one protocol. Run both networks on both sets "
                "before you say more.",
                right=True,
            ),
            Option(
                "Your figure must be wrong, as a small set gives a lower mAP than a large one",
                "A small database has fewer distractors to fall for, so as a rule its mAP is "
                "higher.",
            ),
        ),
    ),
)
