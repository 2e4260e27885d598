"""The loop: it learns, repeats itself, stops early, keeps the best, touches nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coursekit.convnet.backbones import Backbone
from coursekit.data import places
from coursekit.pooling import MAC, GeM, NetVLAD
from coursekit.training import Epoch, fine_tune, random_view


@pytest.fixture(scope="module")
def images():
    return [photo.load() for photo in places().learning[:14]]


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 12, 8, stride=8),
        torch.nn.BatchNorm2d(12),
        torch.nn.ReLU(),
        torch.nn.Conv2d(12, 16, 3, padding=1),
        torch.nn.ReLU(),
    )
    return Backbone(layers, name="small", n_channels=16).eval()


OPTIONS = {"n_validation": 5, "batch_size": 9, "side": 48, "rate": 5e-3, "n_epochs": 4}


def test_the_loss_falls_on_photos_kept_apart(network, images):
    pool = GeM()
    told: list[Epoch] = []
    run = fine_tune(
        network, pool, images, trainable=[network.network[3]], report=told.append, **OPTIONS
    )
    losses = [epoch.validation_loss for epoch in run.epochs]
    assert told == run.epochs
    assert losses[run.best] == min(losses) < 0.93 * losses[0]
    assert np.isnan(run.epochs[0].train_loss)
    assert pool.p.item() != 3


def test_the_same_seed_gives_the_same_weights(network, images):
    start = {name: one.clone() for name, one in network.state_dict().items()}
    results = []
    for seed in (1, 1, 2):
        network.load_state_dict(start)
        pool = GeM(channels=16)
        fine_tune(network, pool, images, seed=seed, **{**OPTIONS, "n_epochs": 2})
        results.append(pool.p.detach())
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_only_what_is_to_be_trained_changes(network, images):
    before = {name: one.clone() for name, one in network.state_dict().items()}
    fine_tune(network, GeM(), images, trainable=[network.network[3]], **OPTIONS)
    changed = {n for n, one in network.state_dict().items() if not torch.equal(one, before[n])}
    assert changed == {"network.3.weight", "network.3.bias"}
    assert not network.training


def test_stops_when_nothing_improves_and_puts_the_best_back(network, images):
    """A rate so large that training only spoils: the weights end as they began."""
    pool = GeM()
    before = [one.clone() for one in network.parameters()]
    run = fine_tune(
        network,
        pool,
        images,
        trainable=[network.network[3]],
        patience=2,
        **{**OPTIONS, "rate": 10.0, "n_epochs": 50},
    )
    assert len(run.epochs) == run.best + 3
    if run.best == 0:
        for one, old in zip(network.parameters(), before, strict=True):
            assert torch.equal(one, old)
    assert run.epochs[run.best].validation_loss <= run.epochs[0].validation_loss


def test_netvlad_learns_too(network, images):
    pool = NetVLAD.from_centroids(np.eye(4, 16, dtype=np.float32))
    run = fine_tune(network, pool, images, pool_rate=1e-2, **OPTIONS)
    assert run.epochs[run.best].validation_loss < run.epochs[0].validation_loss


def test_a_loss_that_is_not_finite_stops_at_the_best(network, images):
    pool = GeM()

    class Spoiled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.pool, self.calls = pool, 0

        def forward(self, x):
            self.calls += 1
            return self.pool(x) * (float("nan") if self.calls > 1 else 1)

    with pytest.raises(FloatingPointError, match=r"^the loss became nan; try a smaller rate$"):
        fine_tune(network, Spoiled(), images, **OPTIONS)
    assert pool.p.item() == 3


def test_views_differ_and_follow_the_generator(images):
    a, b, again = (random_view(images[0], 40, np.random.default_rng(seed)) for seed in (1, 2, 1))
    assert a.shape == (40, 40, 3)
    assert a.dtype == np.uint8
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(a, again)


def test_bad_input(network, images):
    with pytest.raises(ValueError, match=r"^images: expected at least 7, got 6$"):
        fine_tune(network, GeM(), images[:6], n_validation=5)
    with pytest.raises(ValueError, match=r"^pool: expected parameters to train, got none"):
        fine_tune(network, MAC(), images, n_validation=5)
    with pytest.raises(ValueError, match=r"^network: expected evaluation mode"):
        fine_tune(network.train(), GeM(), images, n_validation=5)
    network.eval()
    for option, value in [
        ("n_epochs", 0),
        ("patience", 0),
        ("n_validation", 1),
        ("batch_size", 1),
        ("rate", 0),
        ("pool_rate", -1),
        ("margin", 0),
        ("seed", -1),
        ("side", 0),
    ]:
        with pytest.raises(ValueError, match=f"^{option}: expected"):
            fine_tune(network, GeM(), images, **{**OPTIONS, option: value})
