"""Post-processing of vectors, by loops over the equations; imports nothing of coursekit."""

from __future__ import annotations

import numpy as np


def learned_whitening(X, labels, n_components):
    """Return the mean and the projection of Radenović et al. 2019; C_S by Ledoit & Wolf 2004.

    In the span of the centred vectors, outside of which none of them says anything.
    """
    mean = X.mean(axis=0)
    _, size, axes = np.linalg.svd(X - mean, full_matrices=False)
    axes = axes[size > 1e-9 * size[0]]  # (d, D)
    Z = (X - mean) @ axes.T
    pairs = [
        Z[i] - Z[j]
        for i in range(len(Z))
        for j in range(i + 1, len(Z))
        if labels[i] == labels[j] and labels[i] >= 0
    ]
    root = inverse_root(shrunk_covariance(pairs))
    C_D = sum(np.outer(z, z) for z in Z)
    values, vectors = np.linalg.eigh(root @ C_D @ root)
    strongest = np.argsort(-values)[:n_components]
    return mean, vectors[:, strongest].T @ root @ axes


def shrunk_covariance(rows):
    """Return (1 − s) C + s·m·I, with the s of Ledoit & Wolf 2004 and m the mean variance."""
    n, d = len(rows), len(rows[0])
    C = sum(np.outer(x, x) for x in rows) / n
    target = np.trace(C) / d * np.eye(d)
    distance = ((C - target) ** 2).sum()
    error = sum(((np.outer(x, x) - C) ** 2).sum() for x in rows) / n**2
    s = min(error, distance) / distance
    return (1 - s) * C + s * target


def inverse_root(C):
    values, vectors = np.linalg.eigh(C)
    return sum(np.outer(v, v) / np.sqrt(value) for value, v in zip(values, vectors.T, strict=True))


def expanded(queries, database, n_first, alpha, exclude=None):
    """Return each query plus its first results, weighted by similarity to the power α, of norm 1.

    The query itself, at ``exclude[q]`` in the database, is no result.
    """
    new = []
    for q, query in enumerate(queries):
        places = [i for i in range(len(database)) if exclude is None or i != exclude[q]]
        ranked = sorted(places, key=lambda i: -(query @ database[i]))
        total = np.array(query, dtype=np.float64)
        for i in ranked[:n_first]:
            similarity = float(query @ database[i])
            if similarity > 0:
                total += similarity**alpha * database[i]
        new.append(total / np.linalg.norm(total))
    return np.array(new)
