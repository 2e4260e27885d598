"""Pooling layers read aloud from the papers, pixel by pixel, for one image (C, H, W) in float64.

They import nothing of coursekit. `keep` removes what a mask hides: the kept columns, in one row.
"""

from __future__ import annotations

import math

import numpy as np


def keep(x, mask):
    """Return the columns where the mask is True as a map of one row, (C, 1, n)."""
    return np.stack([x[:, i, j] for i, j in np.argwhere(mask)], axis=1)[:, None]


def slow_mac(x):
    """Tolias 2016, §2: the largest response of each map."""
    return np.array([max(v for row in channel for v in row) for channel in x])


def slow_spoc(x, center_prior=True):
    """Babenko & Lempitsky 2015, §3.2: σ is a third of the way from the centre to the border."""
    C, H, W = x.shape
    f = np.zeros(C)
    sigma = min(H / 2, W / 2) / 3
    for i in range(H):
        for j in range(W):
            squared = (i - (H - 1) / 2) ** 2 + (j - (W - 1) / 2) ** 2
            alpha = math.exp(-squared / (2 * sigma**2)) if center_prior else 1.0
            f += alpha * x[:, i, j]
    return f


def slow_crow(x, alpha=2.0, beta=2.0):
    """Kalantidis 2016, §4, and the authors' script; a zero map gives zeros."""
    C, H, W = x.shape
    S = np.array([[max(sum(x[:, i, j]), 0.0) for j in range(W)] for i in range(H)])
    norm = sum(v**alpha for v in S.flat) ** (1 / alpha)
    Q = [sum(v != 0 for v in channel.flat) / (H * W) for channel in x]
    f = np.zeros(C)
    for c in range(C):
        for i in range(H):
            for j in range(W):
                if S[i, j] > 0:
                    f[c] += (S[i, j] / norm) ** (1 / beta) * x[c, i, j]
        f[c] *= math.log(sum(Q) / Q[c]) if Q[c] > 0 else 0.0
    return f


def slow_gem(x, p=3.0, eps=1e-6):
    """Radenović 2018, eq. (3): one p, or one per channel."""
    exponents = np.broadcast_to(p, len(x))
    f = []
    for channel, p_c in zip(x, exponents, strict=True):
        mean = sum(max(v, eps) ** p_c for v in channel.flat) / channel.size
        f.append(mean ** (1 / p_c))
    return np.array(f)


def slow_regions(h, w, levels=3, overlap=(2, 5)):
    """Tolias 2016, §3.2: (level, top, left, size); `overlap` as a fraction, to stay in integers.

    m more regions on the long side make neighbours at level 1 overlap by 1 − (long − short)/(m
    short); the closest to the wanted overlap is found by cross-multiplying.
    """
    short, long = min(h, w), max(h, w)
    a, b = overlap
    best_m, best = 0, None
    if long > short:
        for m in range(1, 7):
            miss = (abs(b * (m * short - (long - short)) - a * m * short), b * m * short)
            if best is None or miss[0] * best[1] < best[0] * miss[1]:
                best_m, best = m, miss
    found = []
    for level in range(1, levels + 1):
        size = (2 * short) // (level + 1)
        if size == 0:
            continue
        rows, columns = level, level
        if h > w:
            rows += best_m
        elif w > h:
            columns += best_m
        for r in range(rows):
            for c in range(columns):
                top = 0 if rows == 1 else (r * (h - size)) // (rows - 1)
                left = 0 if columns == 1 else (c * (w - size)) // (columns - 1)
                found.append((level, top, left, size))
    return found


def _unit(v):
    norm = math.sqrt(sum(float(a) ** 2 for a in np.ravel(v)))
    return v / norm if norm > 0 else v


def slow_rmac(x, levels=3, overlap=(2, 5), whole_map=False, whitening=None):
    """Tolias 2016, §3.2–3.3: regions' maxima, each normalised (whitened, normalised), added."""
    _, H, W = x.shape
    vectors = [
        slow_mac(x[:, top : top + size, left : left + size])
        for _, top, left, size in slow_regions(H, W, levels, overlap)
    ]
    if whole_map:
        vectors.append(slow_mac(x))
    total = 0.0
    for v in vectors:
        u = _unit(v)
        if whitening is not None:
            u = _unit(whitening(u))
        total = total + u
    return total


def slow_netvlad(x, centroids, weight, bias):
    """Arandjelović 2016, eq. (3)–(4), word by word and pixel by pixel."""
    K, C = centroids.shape
    V = np.zeros((K, C))
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            column = x[:, i, j]
            scores = [sum(weight[k] * column) + bias[k] for k in range(K)]
            top = max(scores)
            powers = [math.exp(s - top) for s in scores]
            for k in range(K):
                V[k] += powers[k] / sum(powers) * (column - centroids[k])
    return _unit(np.concatenate([_unit(V[k]) for k in range(K)]))


def slow_vlad(x, centroids):
    """Arandjelović & Zisserman 2013: residuals to the nearest word, L2 per word, then L2."""
    V = np.zeros(centroids.shape)
    for column in x.reshape(len(x), -1).T:
        distances = [sum((column - c) ** 2) for c in centroids]
        k = distances.index(min(distances))
        V[k] += column - centroids[k]
    return _unit(np.concatenate([_unit(v) for v in V]))
