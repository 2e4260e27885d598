"""The exercises of *VLAD* that are answered by a number, a name or a construction."""

from __future__ import annotations

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.vlad.answers import (
    tells_bags_apart,
    vanishes,
)

DIMENSION = Exercise(
    id="vlad.dimension",
    title="How long is the vector?",
    kind="predict",
    statement=r"""An image has 2000 SIFT descriptors ($D = 128$); the codebook has $K = 64$
words. How many numbers does its VLAD vector hold? Say it before you run anything.""",
    stub="dimension = ...  # a whole number",
    answer="dimension",
    reference=64 * 128,
    mistakes=(
        Mistake(
            "one number per word was counted",
            64,
            "That is the length of the histogram. What does VLAD keep in place of a count?",
        ),
        Mistake(
            "only one word was counted",
            128,
            "That is the residual sum of a single word. How many words are there?",
        ),
        Mistake(
            "the descriptors themselves were counted",
            2000 * 128,
            "Nothing of the size of the bag survives aggregation: two images with different "
            "numbers of descriptors get vectors of the same length.",
        ),
        Mistake(
            "one number per descriptor and word was counted",
            2000 * 64,
            "That is the table of distances, which only serves to find the nearest word.",
        ),
        Mistake(
            "two vectors per word were counted",
            2 * 64 * 128,
            "That is the Fisher vector, which also keeps a variance term. VLAD keeps one "
            "vector per word.",
        ),
        Mistake(
            "the count of each word was kept beside its vector",
            64 * (128 + 1),
            "That is super-vector coding. VLAD forgets the counts.",
        ),
    ),
    hints=("How many numbers are there for one word?", "One residual sum per word, of D each."),
    solution="Each of the 64 words keeps one sum of residuals, a vector of 128 numbers: "
    "64 · 128 = 8192, whatever the number of descriptors.",
)

BY_HAND = Exercise(
    id="vlad.by_hand",
    title="With a pencil",
    kind="predict",
    statement=r"""The words are $\mu_1 = (3, 7)$ and $\mu_2 = (6, 2)$; the descriptors are
$(6, 8)$, $(4, 3)$, $(2, 5)$, $(9, 1)$, $(9, 4)$. On paper: find the word of each descriptor, sum
the residuals, and write the four numbers $(v_1, v_2)$ one after the other, *before* any
normalisation.""",
    stub="by_hand = [..., ..., ..., ...]",
    answer="by_hand",
    reference=np.array([2.0, -1, 4, 2]),
    mistakes=(
        Mistake(
            "the centre was not subtracted",
            [8.0, 13, 22, 8],
            "You added the descriptors. VLAD adds the arrows from the word to each of them.",
        ),
        Mistake(
            "the residuals were averaged",
            [1.0, -1 / 2, 4 / 3, 2 / 3],
            "You divided by the number of descriptors in the cell. VLAD adds and does not "
            "divide: what weighs more in the image weighs more in the vector.",
        ),
        Mistake(
            "the arrows point the wrong way",
            [-2.0, 1, -4, -2],
            "A residual is descriptor minus centre: it points from the word to the descriptor.",
        ),
        Mistake(
            "the numbers are in the order of the dimensions",
            [2.0, 4, -1, 2],
            "The sums are right. Write all of the first word, then all of the second.",
        ),
        Mistake(
            "the vector was normalised",
            [0.4, -0.2, 0.8, 0.4],
            "That is the next step. The question stops before it.",
        ),
        Mistake(
            "a descriptor went to the word of largest dot product",
            [3.0, -5, 6, 1],
            "Nearest is meant in distance. A word far from the origin has large dot products "
            "with everything.",
        ),
        Mistake(
            "the centre was subtracted once per word",
            [5.0, 6, 16, 6],
            "Each descriptor has its own residual, so the centre is subtracted once for each "
            "descriptor of the cell.",
        ),
    ),
    hints=(
        "The words of the descriptors are 1, 2, 1, 2, 2.",
        "The two residuals of the first word are (3, 1) and (−1, −2).",
    ),
    solution="Word 1: (3, 1) + (−1, −2) = (2, −1). Word 2: (−2, 1) + (3, −1) + (3, 2) = "
    "(4, 2). Together (2, −1, 4, 2), of length 5.",
    tolerance=0.01,
)

FIND_THE_BUG = Exercise(
    id="vlad.find_the_bug",
    title="Which idea is wrong?",
    kind="find the bug",
    statement=r"""This function runs and returns a vector of length 1. It is not VLAD: one
idea in it is wrong.

```python
def vlad(descriptors, centroids):
    words = assign(descriptors, centroids)
    sums = np.zeros(centroids.shape)
    for k, centroid in enumerate(centroids):
        cell = descriptors[words == k]
        if len(cell):
            sums[k] = cell.mean(axis=0) - centroid
    vector = sums.ravel()
    return vector / np.linalg.norm(vector)
```

Name the wrong idea: `"centre forgotten"`, `"mean instead of sum"`, `"centre minus descriptor"`,
`"dimension after dimension"` or `"each word normalised"`.""",
    stub='wrong_idea = ...  # one of the five names, such as "centre forgotten"',
    answer="wrong_idea",
    reference="mean instead of sum",
    choices=(
        "centre forgotten",
        "mean instead of sum",
        "centre minus descriptor",
        "dimension after dimension",
        "each word normalised",
    ),
    mistakes=(
        Mistake(
            "the centre is subtracted",
            "centre forgotten",
            "`- centroid` stands there. Compare what stands before it with the definition.",
        ),
        Mistake(
            "the arrows point the right way",
            "centre minus descriptor",
            "The centre comes second, as it should. Look at what it is subtracted from.",
        ),
        Mistake(
            "the order is that of the words",
            "dimension after dimension",
            "`ravel` goes row by row, and a row is a word.",
        ),
        Mistake(
            "no word is divided by its length",
            "each word normalised",
            "There is one division by a length, that of the whole vector. Something else is "
            "done to each cell.",
        ),
    ),
    hints=(
        "Try it on the pencil example: word 1 gives (1, −0.5). What should it give?",
        "What would change if every descriptor of a cell stood there twice?",
    ),
    solution="The mean of a cell minus its centre is the mean residual: the sum divided by "
    "the number of descriptors. A word seen once then weighs as much as a word seen a "
    "hundred times.",
)

FROM_MEAN = Exercise(
    id="vlad.from_mean",
    title="Sums from means",
    kind="derive",
    statement=r"""Write $v_k$ with nothing but the number $n_k$ of descriptors in the cell,
their mean $\bar{x}_k$ and the word $\mu_k$. Then use your formula: the word $(3, 4)$ has four
descriptors, whose mean is $(5, 5)$. What is its $v_k$?""",
    stub="v = [..., ...]",
    answer="v",
    reference=np.array([8.0, 4]),
    mistakes=(
        Mistake(
            "the number of descriptors was left out",
            [2.0, 1],
            "That is the mean residual. How do a mean and a sum of four things differ?",
        ),
        Mistake(
            "the centre was subtracted once",
            [17.0, 16],
            "The four descriptors add up to (20, 20), and each of them loses the centre.",
        ),
        Mistake(
            "the centre was not subtracted",
            [20.0, 20],
            "That is the sum of the descriptors; their residuals are asked.",
        ),
        Mistake(
            "the arrow points the wrong way",
            [-8.0, -4],
            "A residual is descriptor minus centre.",
        ),
    ),
    hints=(
        "Split the sum of differences into a difference of sums.",
        "The first sum is n times the mean, the second n times the word.",
    ),
    solution="v = Σ (x − μ) = Σ x − n μ = n (mean − μ) = 4 · (2, 1) = (8, 4). So a word whose "
    "descriptors have it as their mean contributes nothing, however many they are.",
    tolerance=0.01,
)

SAME_HISTOGRAM = Exercise(
    id="vlad.same_histogram",
    title="Same histogram, another VLAD",
    kind="construct",
    statement=r"""For the two words $(3, 7)$ and $(6, 2)$, give two bags of 2-D descriptors that
have the *same* histogram of words and *different* VLAD vectors. Many answers are right.""",
    stub="""first_bag = [...]  # rows [x, y]
second_bag = [...]""",
    answer="(first_bag, second_bag)",
    reference=([[6.0, 8], [6, 3]], [[0.0, 6], [6, 3]]),
    verify=tells_bags_apart,
    mistakes=(
        Mistake(
            "a bag is empty",
            ([[6.0, 8]], np.zeros((0, 2))),
            "Put at least one descriptor into each bag.",
        ),
        Mistake(
            "the histograms differ",
            ([[6.0, 8], [6, 3]], [[6.0, 8], [6, 3], [5, 3]]),
            "Count the descriptors nearest to each word: both counts must agree. Twice as many "
            "of each is another histogram.",
        ),
        Mistake(
            "the residual sums are the same",
            ([[6.0, 8], [6, 3]], [[6.0, 3], [6, 8]]),
            "A bag has no order, and arrows that add up to the same sum are the same to VLAD. "
            "Move one descriptor within its cell.",
        ),
        Mistake(
            "the vectors differ in length only",
            ([[4.0, 7]], [[5.0, 7]]),
            "All residuals grew by one factor, and the normalisation takes it away. Turn one "
            "of the arrows.",
        ),
    ),
    hints=(
        "The histogram sees the cell only. What can a descriptor do inside it?",
        "Reflect a descriptor through its word: the cell is the same, the arrow is reversed.",
    ),
    solution="A descriptor may move anywhere in its cell without the histogram noticing; its "
    "residual does. Reflecting all of them through their words gives the opposite vector, at "
    "distance 2, the largest there is.",
)

VANISH = Exercise(
    id="vlad.vanish",
    title="Rich image, zero vector",
    kind="construct",
    statement=r"""For the two words $(3, 7)$ and $(6, 2)$, give one bag with at least two
descriptors in each cell, none of them on its word, whose residual sums are all zero.""",
    stub="bag = [...]  # rows [x, y]",
    answer="bag",
    reference=[[4.0, 7], [2, 7], [6, 3], [6, 1]],
    verify=vanishes,
    mistakes=(
        Mistake(
            "a word has fewer than two descriptors",
            [[4.0, 7], [2, 7], [6, 3]],
            "Assign each descriptor again: perhaps one of them crossed into the other cell.",
        ),
        Mistake(
            "a descriptor lies on its centre",
            [[3.0, 7], [3, 7], [6, 3], [6, 1]],
            "A residual of zero is too easy. Let residuals cancel each other.",
        ),
        Mistake(
            "one word vanishes, the other does not",
            [[4.0, 7], [2, 7], [6, 3], [7, 1]],
            "The residuals of every word have to cancel, each word for itself.",
        ),
        Mistake(
            "the residuals do not cancel",
            [[4.0, 7], [4, 8], [6, 3], [7, 3]],
            "The descriptors of a cell have to balance round their word. What is then their mean?",
        ),
    ),
    hints=(
        "Which arrow cancels a given arrow?",
        "For a descriptor x of the word μ, add its reflection 2μ − x.",
    ),
    solution="A sum of residuals vanishes when the word is the mean of its descriptors, for "
    "instance when they lie symmetrically round it. VLAD says where the image departs from "
    "the codebook; the histogram still counts two and two.",
)
