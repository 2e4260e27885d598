"""The quiz of the chapter *VLAD* (slides S10 to S14)."""

from __future__ import annotations

from coursekit.exercises.bank import Option, QuizItem

QUIZ = (
    QuizItem(
        "In the glyph of some v_k, one corner has a long blue stroke. What does the stroke say?",
        (
            Option(
                "The patches that fell to this word have a strong gradient in that corner",
                "A glyph shows residuals, not patches: the word may itself have much of that "
                "gradient, and what the patches share with it has been subtracted.",
            ),
            Option(
                "Those patches have more of this orientation there than the word has",
                "Blue is a positive entry of v_k: more than the word has. Orange is negative: "
                "less. An almost empty glyph is a word of little weight in that photo.",
                right=True,
            ),
            Option(
                "The visual word has much of this orientation there",
                "The word is what has been subtracted. Another photo may have an orange stroke at "
                "the same place of the same word.",
            ),
            Option(
                "Many patches of the photo fell to this word",
                "Many patches that differ from the word in all directions cancel, and leave the "
                "glyph almost empty. A stroke takes patches that agree.",
            ),
        ),
    ),
    QuizItem(
        "Two images have the same histogram of words. What can be said of their VLAD vectors?",
        (
            Option(
                "They are equal: the same words occur equally often",
                "Counts say how many descriptors fell into a cell. VLAD also says where in the "
                "cell they fell.",
            ),
            Option(
                "They differ, unless the images are the same",
                "Different descriptors can have the same sums of residuals: cells that balance "
                "round their words all give zero.",
            ),
            Option(
                "They can be anything from equal to opposite",
                "Reflect every descriptor through its word: all counts stay, all residuals change "
                "sign.",
                right=True,
            ),
        ),
    ),
    QuizItem(
        "A codebook is learnt by k-means, run until nothing moves. What is the residual sum of a "
        "word, taken over the very descriptors that the codebook was learnt from?",
        (
            Option(
                "Zero",
                "The centre is then the mean of its cell, and residuals to their own mean add up "
                "to zero. What VLAD records of an image is how it departs from the training set.",
                right=True,
            ),
            Option(
                "The number of descriptors in the cell",
                "That is the histogram. The residuals of a cell point in all directions.",
            ),
            Option(
                "The spread of the cell",
                "Spread needs squares. Here arrows are added, and opposite ones cancel; the Fisher "
                "vector is what adds the spread.",
            ),
        ),
    ),
    QuizItem(
        "Why does VLAD add the residuals of a word instead of averaging them?",
        (
            Option(
                "A mean cannot be computed for an empty word",
                "True, but zeros would do there. The reason lies in the words that are not empty.",
            ),
            Option(
                "A sum does not change with the size of the image",
                "It does: more descriptors, longer sums. The global L2 normalisation takes that "
                "away, one factor for all words.",
            ),
            Option(
                "A sum keeps how much evidence there is",
                "A word with one stray descriptor and a word with a hundred that agree would "
                "weigh the same after averaging.",
                right=True,
            ),
        ),
    ),
    QuizItem(
        "No descriptor of an image falls to word 7. What stands in the 7th block of its VLAD "
        "vector?",
        (
            Option(
                "Minus the centre of word 7",
                "That would be 0 − μ, as if one descriptor lay at the origin. No descriptor, no "
                "residual.",
            ),
            Option(
                "The block is left out",
                "Then blocks of two images would no longer face each other, and the sizes would "
                "differ.",
            ),
            Option(
                "NaN, because zero is divided by zero",
                "Only a mean would do that. VLAD adds; a careful program also guards the "
                "divisions of the normalisations.",
            ),
            Option(
                "Zeros",
                "A sum of no terms is zero. Balanced residuals give zeros too, so a block of zeros "
                "does not say which of the two it was.",
                right=True,
            ),
        ),
    ),
    QuizItem(
        "Half of a photo is one brick wall, whose hundreds of like descriptors fall to two words. "
        "What does the global L2 normalisation, alone, do to its VLAD vector?",
        (
            Option(
                "It removes the effect of the repetition",
                "One factor divides everything, so the shares of the words stay as they were.",
            ),
            Option(
                "It makes the blocks of all other words small",
                "The length is nearly that of the two bursting blocks; divided by it, what the "
                "rest of the photo shows hardly counts in a distance.",
                right=True,
            ),
            Option(
                "It gives every word that occurs the same length",
                "That is intra-normalisation, which divides each block by its own length.",
            ),
        ),
    ),
    QuizItem(
        "What does power normalisation, z → sign(z) √|z|, do before the L2 normalisation?",
        (
            Option(
                "It brings large entries down, compared with small ones",
                "Entries 100 and 1 become 10 and 1: every entry keeps its sign, and a burst loses "
                "most of its weight.",
                right=True,
            ),
            Option(
                "It changes the length of the vector only",
                "Then the L2 normalisation would undo it. The root changes the proportions.",
            ),
            Option(
                "It makes all entries positive",
                "The sign is put back after the root; without it, opposite residuals would look "
                "alike.",
            ),
            Option(
                "It makes it irrelevant which of the two steps comes first",
                "After a root the length is no longer 1, so the L2 normalisation has to come last.",
            ),
        ),
    ),
    QuizItem(
        "Stored as 4-byte floats, an image takes 8192 bytes. Which of these is it?",
        (
            Option(
                "A histogram with 64 words",
                "64 numbers take 256 bytes. With the same words, VLAD on SIFT takes 128 times as "
                "many.",
            ),
            Option(
                "VLAD with 64 words of SIFT",
                "That is 8192 numbers, so 32768 bytes: numbers are not bytes.",
            ),
            Option(
                "A Fisher vector with 16 words of SIFT",
                "With the same number of words, means and variances are twice as many numbers as "
                "VLAD has: 4096, in 16384 bytes.",
            ),
            Option(
                "VLAD with 16 words of SIFT",
                "16 · 128 = 2048 numbers of 4 bytes.",
                right=True,
            ),
        ),
    ),
)
