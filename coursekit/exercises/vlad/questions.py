"""The exercises of *VLAD* that are answered by numbers or by a name."""

from __future__ import annotations

import numpy as np

from coursekit.exercises.bank import Exercise, Mistake

DIMENSION = Exercise(
    id="vlad.dimension",
    title="How many numbers?",
    kind="predict",
    statement=r"""An image has $T = 1500$ SIFT descriptors, which a PCA has reduced from 128 to
$D = 80$ dimensions; the codebook has $K = 32$ words. How many numbers does its VLAD vector hold?
Say it before you run anything.""",
    stub="dimension = ...  # a whole number",
    answer="dimension",
    reference=32 * 80,
    mistakes=(
        Mistake(
            "one number per word was counted",
            32,
            "That is the size of the histogram. What does VLAD keep in place of a count?",
        ),
        Mistake(
            "only one word was counted",
            80,
            "That is the residual sum of a single word. How many words are there?",
        ),
        Mistake(
            "the descriptors themselves were counted",
            1500 * 80,
            "Nothing of the size of the bag survives aggregation: images with different numbers "
            "of descriptors get vectors of the same size.",
        ),
        Mistake(
            "one number per descriptor and word was counted",
            1500 * 32,
            "That is the table of distances, which only serves to find the nearest word.",
        ),
        Mistake(
            "two vectors per word were counted",
            2 * 32 * 80,
            "That is the Fisher vector with the same number of words, which also keeps a variance "
            "term. VLAD keeps one vector per word.",
        ),
        Mistake(
            "the count of each word was kept beside its vector",
            32 * (80 + 1),
            "That is super-vector coding. VLAD forgets the counts.",
        ),
        Mistake(
            "the descriptors were taken before their reduction",
            32 * 128,
            "VLAD never sees the 128 numbers of SIFT here. In how many dimensions do descriptors "
            "and words live after the PCA?",
        ),
        Mistake(
            "bytes were counted",
            4 * 32 * 80,
            "As 4-byte floats it does take so many bytes. Numbers are asked for.",
        ),
        Mistake(
            "words and dimensions were added",
            32 + 80,
            "Not 32 numbers and 80 more: every one of the 32 words has its own 80.",
        ),
    ),
    hints=("How many numbers are there for one word?", "One residual sum per word, of D each."),
    solution="Each of the 32 words keeps one sum of residuals, a vector of 80 numbers: "
    "32 · 80 = 2560, whatever the number of descriptors.",
)

BY_HAND = Exercise(
    id="vlad.by_hand",
    title="With a pencil",
    kind="predict",
    statement=r"""The words are $\mu_1 = (3, 7)$ and $\mu_2 = (6, 2)$; the descriptors are
$(2, 2)$, $(0, 8)$, $(8, 6)$, $(9, 2)$, $(4, 8)$. On paper: find the word of each descriptor, sum
the residuals, and write the four numbers $(v_1, v_2)$ one after the other, *before* any
normalisation.""",
    stub="by_hand = [..., ..., ..., ...]",
    answer="by_hand",
    reference=np.array([-2.0, 2, 1, 4]),
    mistakes=(
        Mistake(
            "the centre was not subtracted",
            [4.0, 16, 19, 10],
            "You added the descriptors. VLAD adds the arrows from the word to each of them.",
        ),
        Mistake(
            "the residuals were averaged",
            [-1.0, 1, 1 / 3, 4 / 3],
            "You divided by the number of descriptors in the cell. VLAD adds and does not "
            "divide: what weighs more in the image weighs more in the vector.",
        ),
        Mistake(
            "the arrows point the wrong way",
            [2.0, -2, -1, -4],
            "A residual is descriptor minus centre: it points from the word to the descriptor.",
        ),
        Mistake(
            "the numbers are in the order of the dimensions",
            [-2.0, 1, 2, 4],
            "The sums are right. Write all of the first word, then all of the second.",
        ),
        Mistake(
            "the vector was normalised",
            [-0.4, 0.4, 0.2, 0.8],
            "That is the next step. The question stops before it.",
        ),
        Mistake(
            "descriptors went to the word of largest dot product",
            [2.0, -4, 3, 0],
            "Nearest is meant in distance. A word far from the origin has large dot products "
            "with everything.",
        ),
        Mistake(
            "the centre was subtracted once per word",
            [1.0, 9, 13, 8],
            "Each descriptor has its own residual, so the centre is subtracted once for each "
            "descriptor of the cell.",
        ),
    ),
    hints=(
        "The words of the descriptors are 2, 1, 2, 2, 1.",
        "The two residuals of the first word are (−3, 1) and (1, 1).",
    ),
    solution="Word 1: (−3, 1) + (1, 1) = (−2, 2). Word 2: (−4, 0) + (2, 4) + (3, 0) = "
    "(1, 4). Together (−2, 2, 1, 4), of length 5.",
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
    return vector / max(np.linalg.norm(vector), 1e-12)
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
        "Try it on the pencil example: the first word gives (1, −0.5). What should it give?",
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
            "That is the sum of the descriptors; their residuals are asked for.",
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
