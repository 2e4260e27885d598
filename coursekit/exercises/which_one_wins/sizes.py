"""The exercise of *Which one wins?* on the size of an index."""

from __future__ import annotations

from coursekit.exercises.bank import Exercise, Mistake
from coursekit.exercises.which_one_wins.answers import index_bytes, size_probes

INDEX_BYTES = Exercise(
    id="which_one_wins.index_bytes",
    title="What an index weighs",
    kind="derive",
    statement=r"""Product quantisation (Jégou, Douze & Schmid 2011) replaces each vector by a short
code, so that the index of a large database fits into memory. An exact index keeps each of $N$
vectors as $D$ 4-byte floats. Product quantisation cuts a vector into $B$ parts of $D / B$ numbers
and keeps for each part one byte, the number of the nearest of 256 words; each part has 256 words of
its own, kept as 4-byte floats *once for all images*. Derive both sizes, and write them as
`index_bytes(n_images, dimension, n_bytes)` with $N$, $D$, $B$, which returns two numbers of bytes:
the exact index, and the compressed one with its words.""",
    stub='''def index_bytes(n_images, dimension, n_bytes):
    """Bytes of an exact float32 index, and of a product-quantised one with its codebook."""
    ...''',
    answer="index_bytes",
    reference=index_bytes,
    probes=size_probes,
    mistakes=(
        Mistake(
            "bits were counted",
            lambda n, d, b: (8 * 4 * n * d, 8 * (n * b + 1024 * d)),
            "A byte has 8 bits, and a byte is enough to number 256 words. Bytes are asked for.",
        ),
        Mistake(
            "a code was given 8 bytes a part",
            lambda n, d, b: (4 * n * d, 8 * n * b + 1024 * d),
            "256 words need 8 bits, and that is one byte.",
        ),
        Mistake(
            "a code was given one byte, whatever its parts",
            lambda n, d, b: (4 * n * d, n + 1024 * d),
            "One byte numbers the word of one part. How many parts has a vector?",
        ),
        Mistake(
            "the two sizes are swapped",
            lambda n, d, b: index_bytes(n, d, b)[::-1],
            "The exact index first, then the compressed one.",
        ),
        Mistake(
            "the words were forgotten",
            lambda n, d, b: (4 * n * d, n * b),
            "A code is of no use without the words that it numbers. What do they take, all parts "
            "together?",
        ),
        Mistake(
            "the words were counted for each image",
            lambda n, d, b: (4 * n * d, n * (b + 1024 * d)),
            "All images share the words. What grows with N is the codes only.",
        ),
        Mistake(
            "the words of one part only were counted",
            lambda n, d, b: (4 * n * d, n * b + 1024 * (d // b)),
            "Every one of the B parts has 256 words of its own.",
        ),
        Mistake(
            "the words have the dimension of the whole vector",
            lambda n, d, b: (4 * n * d, n * b + 1024 * d * b),
            "A word stands for one part, so it has D / B numbers.",
        ),
        Mistake(
            "one set of words of one number each was counted",
            lambda n, d, b: (4 * n * d, n * b + 1024 * b),
            "A word is a vector: it has D / B numbers, not one.",
        ),
        Mistake(
            "the numbers were counted, not their bytes",
            lambda n, d, b: (n * d, n * b + 256 * d),
            "A float32 number takes 4 bytes, in the vectors and in the words.",
        ),
        Mistake(
            "the floats were given 8 bytes",
            lambda n, d, b: (8 * n * d, n * b + 2048 * d),
            "8 bytes are a float64. The index keeps float32.",
        ),
    ),
    hints=(
        "How many words are there in all, and how many numbers has each?",
        "B · 256 words of D / B numbers each: B disappears.",
    ),
    solution="Exact: 4 N D. Compressed: N B for the codes, and B · 256 · D / B · 4 = 1024 D for "
    "the words, whatever B is. For a million images the words hardly count; for a hundred they "
    "are most of the index.",
)
