"""Networks cut before their pooling: what they are equal to, what they see, and how they fail."""

from __future__ import annotations

import urllib.error

import numpy as np
import pytest
import torch
from torchvision.models import get_model

from coursekit.convnet import receptive_field
from coursekit.convnet.backbones import BACKBONES, Backbone, backbone
from coursekit.convnet.course_net import CourseNet


def test_course_net_is_what_its_docstring_says():
    network = backbone(pretrained=False)
    assert network.n_channels == 256
    assert not network.training
    for H, W in [(1, 1), (16, 16), (97, 130), (240, 320)]:
        maps = network(torch.randn(2, 3, H, W))
        assert maps.shape == (2, 256, -(-H // 16), -(-W // 16))
        assert (maps >= 0).all()


def test_course_net_sees_what_receptive_field_says():
    """A pixel inside the field of a neuron changes it, one just outside does not."""
    torch.manual_seed(0)
    network = CourseNet().eval().double()
    size, stride, first = receptive_field(CourseNet.layers())
    assert stride == 16
    at = 10  # the neuron in row and column 10 of the map
    image = torch.zeros(1, 3, 400, 400, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad((network(image + 0.1)[0, :, at, at]).sum(), image)
    seen = slope.abs().sum(dim=(0, 1)).sum(dim=0).nonzero().flatten()
    centre = first + stride * at
    assert seen.min() >= centre - (size - 1) / 2
    assert seen.max() <= centre + (size - 1) / 2
    assert seen.max() - seen.min() + 1 >= size - 2  # the average of shortcuts shifts by a pixel


def test_random_weights_follow_the_seed_and_leave_the_callers_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    weights = [next(backbone(pretrained=False, seed=s).parameters()) for s in (1, 1, 2)]
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("name", "n_channels", "height", "width", "last"),
    [
        ("alexnet", 256, 9, 13, torch.nn.ReLU),
        ("vgg16", 512, 10, 14, torch.nn.ReLU),
        ("vgg19", 512, 10, 14, torch.nn.ReLU),
        ("resnet50", 2048, 5, 7, torch.nn.Sequential),
        ("resnet101", 2048, 5, 7, torch.nn.Sequential),
    ],
)
def test_torchvisions_networks_are_cut_before_their_pooling(name, n_channels, height, width, last):
    with torch.device("meta"):  # shapes without numbers: VGG alone would take half a gigabyte
        network = backbone(name, pretrained=False)
        maps = network(torch.empty(1, 3, 160, 224))
    assert maps.shape == (1, n_channels, height, width)
    assert network.n_channels == n_channels
    assert isinstance(list(network.network.children())[-1], last)
    assert network.mean == (0.485, 0.456, 0.406)


def test_what_remains_of_a_network_computes_as_before():
    network = backbone("resnet18", pretrained=False, seed=1)
    torch.manual_seed(1)
    whole = get_model("resnet18").eval()
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(whole.fc(network(x).mean(dim=(2, 3))), whole(x))


def test_weights_put_where_the_message_says_are_used(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def unplugged(*args, **kwargs):
        raise urllib.error.URLError("unplugged")

    monkeypatch.setattr("torch.hub.urlopen", unplugged)
    with pytest.raises(ConnectionError) as failure:
        backbone("resnet18")
    words = str(failure.value).split()
    url = next(word for word in words if word.startswith("https://"))
    folder = words[words.index("into") + 1].rstrip(",")
    assert "unplugged" in str(failure.value)
    assert folder.startswith(str(tmp_path))
    assert not list(tmp_path.rglob("*.pth"))

    state = get_model("resnet18").state_dict()
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True, exist_ok=True)
    torch.save(state, f"{folder}/{url.rsplit('/', 1)[1]}")
    assert torch.equal(next(backbone("resnet18").parameters()), state["conv1.weight"])


def test_a_wrong_checksum_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def spoiled(url, target, hash_prefix, **kwargs):
        raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "00")')

    monkeypatch.setattr("torch.hub.download_url_to_file", spoiled)
    with pytest.raises(ConnectionError, match=r"^name: the weights of 'resnet18' .*\(invalid hash"):
        backbone("resnet18")


def test_preprocess_normalises_as_torchvision_does():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    network = Backbone(
        torch.nn.Conv2d(3, 4, 1), name="one", n_channels=4, mean=(0.1, 0.2, 0.3), std=(1, 2, 4)
    )
    x = network.preprocess(image)
    assert x.shape == (3, 5, 7)
    expected = (image[2, 3, 1] / 255 - 0.2) / 2
    assert x[1, 2, 3].item() == pytest.approx(expected, rel=1e-6)


def test_bad_input():
    with pytest.raises(ValueError, match=r"^name: expected one of 'course_net', .*, got 'vgg17'$"):
        backbone("vgg17")
    with pytest.raises(TypeError, match=r"^pretrained: expected True or False, got 1$"):
        backbone(pretrained=1)
    with pytest.raises(ValueError, match=r"^seed: expected an integer ≥ 0, got -1$"):
        backbone(seed=-1)
    with pytest.raises(TypeError, match=r"^image: expected a uint8 array"):
        backbone(pretrained=False).preprocess(np.zeros((4, 4, 3)))
    assert set(BACKBONES) >= {"course_net", "vgg16", "resnet50", "resnet101"}
