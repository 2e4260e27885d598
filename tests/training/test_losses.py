"""The losses against their equations, pair by pair."""

from __future__ import annotations

import math

import pytest
import torch

from coursekit.training import contrastive_loss, info_nce


def slow_loss(vectors, labels, margin):
    x = [v / v.norm() for v in vectors]
    pulled, pushed = [], []
    for i in range(len(x)):
        for j in range(i):
            distance = (x[i] - x[j]).norm()
            if labels[i] == labels[j]:
                pulled.append(distance**2 / 2)
            elif distance < margin:
                pushed.append((margin - distance) ** 2 / 2)
    zero = torch.zeros((), dtype=vectors.dtype)
    return sum(
        (torch.stack(part).mean() if part else zero for part in (pulled, pushed)), start=zero
    )


@pytest.mark.parametrize("margin", [0.3, 0.7, 1.5])
@pytest.mark.parametrize(
    "labels", [[0, 0, 1, 1, 2, 2], [0] * 6, list(range(6)), [5, 5, 5, 1, 2, 1]]
)
def test_agrees_with_the_equation(margin, labels):
    torch.manual_seed(1)
    x = torch.rand(6, 4, dtype=torch.float64)
    got = contrastive_loss(x, torch.tensor(labels), margin=margin)
    torch.testing.assert_close(got, slow_loss(x, labels, margin))


def test_gradient():
    torch.manual_seed(2)
    x = torch.rand(5, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1, 2])
    assert torch.autograd.gradcheck(lambda v: contrastive_loss(v, labels, margin=1.2), x)


def test_finite_where_vectors_coincide_or_vanish():
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0]], requires_grad=True)
    loss = contrastive_loss(x, torch.tensor([0, 0, 1, 2]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(x.grad).all()
    assert contrastive_loss(x[:1], torch.tensor([0])) == 0


def test_bad_input():
    x, labels = torch.rand(3, 2), torch.tensor([0, 1, 1])
    with pytest.raises(ValueError, match=r"^margin: expected a finite number > 0, got 0$"):
        contrastive_loss(x, labels, margin=0)
    with pytest.raises(ValueError, match=r"^vectors: expected shape \(B, D\), got \(3,\)$"):
        contrastive_loss(x[:, 0], labels)
    with pytest.raises(TypeError, match=r"^labels: expected integers, got torch.float32$"):
        contrastive_loss(x, labels.float())
    with pytest.raises(ValueError, match=r"^labels: expected shape \(3,\), got \(2,\)$"):
        contrastive_loss(x, labels[:2])


def slow_info_nce(first, second, temperature):
    x, y = ([v / v.norm() for v in views] for views in (first, second))
    total = torch.zeros((), dtype=first.dtype)
    for i in range(len(x)):
        own = torch.exp(x[i] @ y[i] / temperature)
        among_second = sum(torch.exp(x[i] @ y[j] / temperature) for j in range(len(y)))
        among_first = sum(torch.exp(x[j] @ y[i] / temperature) for j in range(len(x)))
        total -= torch.log(own / among_second) + torch.log(own / among_first)
    return total / (2 * len(x))


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("B", [1, 2, 5])
def test_info_nce_agrees_with_the_equation(temperature, B):
    torch.manual_seed(3)
    x, y = torch.rand(2, B, 4, dtype=torch.float64)
    got = info_nce(x, y, temperature=temperature)
    torch.testing.assert_close(got, slow_info_nce(x, y, temperature))
    torch.testing.assert_close(info_nce(y, 7 * x, temperature=temperature), got)


def test_info_nce_is_the_logarithm_of_the_batch_when_all_are_equal():
    assert info_nce(torch.ones(8, 3), torch.ones(8, 3)).item() == pytest.approx(math.log(8))


def test_gradient_of_info_nce():
    torch.manual_seed(4)
    x, y = (torch.rand(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(info_nce, (x, y))


def test_bad_input_of_info_nce():
    x = torch.rand(3, 2)
    with pytest.raises(ValueError, match=r"^temperature: expected a finite number > 0, got -1$"):
        info_nce(x, x, temperature=-1)
    with pytest.raises(ValueError, match=r"^first: expected shape \(B, D\), got \(3,\)$"):
        info_nce(x[:, 0], x[:, 0])
    with pytest.raises(ValueError, match=r"^first: expected shape \(B, D\), got \(0, 2\)$"):
        info_nce(x[:0], x[:0])
    with pytest.raises(
        ValueError, match=r"^second: expected shape \(3, 2\), that of first, got \(2, 2\)$"
    ):
        info_nce(x, x[:2])
