"""Layers trained on views: what is trained, and that what trainings share changes none of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coursekit.comparison import tuning
from coursekit.comparison.learnt import LayerPooled, LayerTrained, gem_layer
from coursekit.pooling import NetVLAD
from coursekit.training import random_view


def far_start(maps, seed):
    """Words so close to 0 that any training pulls them to the columns."""
    return NetVLAD.from_centroids(0.01 * np.eye(4, 256), normalize_input=True)


@pytest.fixture
def images(small, monkeypatch):
    monkeypatch.setattr(tuning, "_SIDE", 48)
    tuning._shared.cache_clear()
    return [image.load()[:120, :150] for image in small.learning]


def trained(images, seed=0, start=far_start, **options):
    return LayerTrained(start, n_epochs=1, random_state=seed, **options).fit([], images)


def weights(encoder):
    return [one.detach().clone() for one in encoder.layer_.parameters()]


def test_a_pooling_layer_is_trained_and_the_network_stays(images):
    before = LayerPooled(far_start).fit([]).layer_.weight
    after = trained(images)
    block, layer = after.layer_
    assert after.note.startswith("after 1 epochs; loss on photos kept apart 0.")
    assert not torch.equal(before, layer.weight)
    _, untouched = tuning.network_parts()
    for one, same in zip(block.parameters(), untouched.parameters(), strict=True):
        assert torch.equal(one, same)
    assert not after.layer_.training


def test_the_last_block_is_trained_if_asked(images):
    block, _ = trained(images, start=gem_layer, last_block=True).layer_
    _, untouched = tuning.network_parts()
    moved = [
        not torch.equal(one, old)
        for one, old in zip(block.parameters(), untouched.parameters(), strict=True)
    ]
    assert all(moved)


def test_trainings_that_share_their_views_come_out_as_alone(images):
    alone = []
    for options in ({}, {"start": gem_layer, "last_block": True}, {"seed": 1}):
        tuning._shared.cache_clear()
        alone.append(weights(trained(images, **options)))
    tuning._shared.cache_clear()
    shared = [
        weights(trained(images, **options))
        for options in ({}, {"start": gem_layer, "last_block": True}, {"seed": 1})
    ]
    for one, other in zip(alone, shared, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_views_of_one_seed_are_made_once(images, monkeypatch):
    made = []

    def counted(image, side, rng, make=random_view):
        made.append(side)
        return make(image, side, rng)

    monkeypatch.setattr(tuning, "random_view", counted)
    trained(images)
    assert made == [48] * 2 * len(images)  # of those kept apart, and of the rest in one epoch
    trained(images, start=gem_layer)
    assert len(made) == 2 * len(images)
    trained(images, seed=1)
    assert len(made) == 4 * len(images)


def test_the_start_is_given_the_maps_after_the_last_block(images):
    given = []

    def start(maps, seed):
        given.extend([maps, seed])
        return far_start(maps, seed)

    below = np.random.default_rng(0).random((160, 6, 8), dtype=np.float32)
    LayerTrained(start, n_epochs=1, random_state=3).fit([below], images)
    (maps,), seed = given
    assert (maps.shape, seed) == ((256, 3, 4), 3)
