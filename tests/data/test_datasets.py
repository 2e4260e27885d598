"""The papers' sets, from a server of the test's own with a few small images in each archive."""

from __future__ import annotations

import io
import pickle
import re
import tarfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from coursekit.data import (
    DATASETS,
    DownloadError,
    ImageFile,
    _sources,
    copydays,
    flowers,
    holidays,
    load,
    places,
    roxford5k,
    rparis6k,
)
from coursekit.data._download import Remote
from coursekit.retrieval import mean_average_precision


def jpeg_of(level, size=(40, 30)):
    file = io.BytesIO()
    Image.new("RGB", size, (level, 0, 0)).save(file, "JPEG", quality=95)
    return file.getvalue()


def archive_of(**files):
    """Return a tar archive; ``__`` in a name stands for a slash."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/") + ".jpg")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive.getvalue()


def matlab(**matrices):
    file = io.BytesIO()
    savemat(file, {name: np.array([values]) for name, values in matrices.items()})
    return file.getvalue()


@pytest.fixture
def serve(http_files, monkeypatch, data_folder):
    """Return a function that serves the parts of a set under their own file names."""

    def put(name, counts=None, **parts):
        remotes = {}
        for part, content in parts.items():
            part = part.replace("_", " ")
            file = _sources.REMOTES[name][part].name
            http_files.files[file] = content
            remotes[part] = Remote(http_files.url(file))
        monkeypatch.setitem(_sources.REMOTES, name, remotes)
        for what, count in (counts or {}).items():
            monkeypatch.setitem(_sources.COUNTS, what, count)

    return put


def of(mask, images):
    """Return the names of the images that a row of a mask marks."""
    return [images[i].name for i in np.flatnonzero(mask)]


@pytest.fixture
def tiny_holidays(serve):
    serve(
        "holidays",
        {"holidays": 5},
        first_half=archive_of(jpg__100000=jpeg_of(10), jpg__100001=jpeg_of(20)),
        second_half=archive_of(
            jpg__100101=jpeg_of(50), jpg__100100=jpeg_of(40), jpg__100002=jpeg_of(30)
        ),
    )


def test_holidays_has_one_query_a_scene(tiny_holidays):
    benchmark = holidays(progress=False)
    names = [one.name for one in benchmark.database]
    assert names == ["100000", "100001", "100002", "100100", "100101"]
    assert [one.name for one in benchmark.queries] == ["100000", "100100"]
    assert benchmark.exclude.tolist() == [0, 3]
    assert of(benchmark.positives[0], benchmark.database) == ["100001", "100002"]
    assert of(benchmark.positives[1], benchmark.database) == ["100101"]
    assert benchmark.group.tolist() == ["1000", "1001"]
    assert benchmark.learning == places().learning


def test_images_are_read_when_they_are_asked_for(tiny_holidays, data_folder):
    benchmark = holidays(progress=False)
    red = [one.load()[0, 0, 0] for one in benchmark.database]
    assert red == pytest.approx([10, 20, 30, 40, 50], abs=3)
    benchmark.database[0].path.unlink()
    with pytest.raises(ValueError, match=r"100000\.jpg: expected an image, got: "):
        benchmark.database[0].load()


def test_a_second_time_nothing_is_downloaded(tiny_holidays, http_files):
    first = holidays(progress=False)
    asked = len(http_files.asked)
    second = holidays(progress=False)
    assert first.database == second.database
    assert len(http_files.asked) == asked == 2


def test_the_archives_may_go_once_they_are_unpacked(tiny_holidays, data_folder):
    first = holidays(progress=False)
    for archive in (data_folder / "holidays").glob("*.tar.gz"):
        archive.unlink()
    assert holidays(progress=False).database == first.database


def test_half_a_set_is_refused(tiny_holidays, monkeypatch):
    monkeypatch.setitem(_sources.COUNTS, "holidays", 1491)
    with pytest.raises(ValueError, match=r"^holidays: expected 1491 images, got 5$"):
        holidays(progress=False)


def test_an_error_page_in_an_archives_place_does_not_stick(tiny_holidays, http_files, data_folder):
    good, http_files.files["jpg1.tar.gz"] = http_files.files["jpg1.tar.gz"], b"<html>moved</html>"
    message = r"jpg1\.tar\.gz: expected a whole archive, got: .*; delete jpg1\.tar\.gz to download"
    with pytest.raises(ValueError, match=message):
        holidays(progress=False)
    http_files.files["jpg1.tar.gz"] = good
    (data_folder / "holidays" / "jpg1.tar.gz").unlink()
    assert len(holidays(progress=False).queries) == 2


def test_offline_it_says_what_to_put_where(monkeypatch, data_folder):
    monkeypatch.setitem(
        _sources.REMOTES, "holidays", {"first half": Remote("http://127.0.0.1:1/jpg1.tar.gz")}
    )
    path = re.escape(str(data_folder / "holidays" / "jpg1.tar.gz"))
    message = rf"^jpg1\.tar\.gz: expected a download from http://127\.0\.0\.1:1/.*put it at {path}$"
    with pytest.raises(DownloadError, match=message):
        holidays(progress=False)


@pytest.fixture
def tiny_copydays(serve):
    serve(
        "copydays",
        {"copydays original": 2, "copydays strong": 3, "copydays crops": 4},
        original=archive_of(**{"200000": jpeg_of(10), "200100": jpeg_of(20)}),
        strong=archive_of(**{"200001": jpeg_of(11), "200002": jpeg_of(12), "200101": jpeg_of(21)}),
        crops=archive_of(
            crops__10__200000=jpeg_of(10),
            crops__10__200100=jpeg_of(20),
            crops__80__200000=jpeg_of(10),
            crops__80__200100=jpeg_of(20),
        ),
    )


def test_copydays_strong_copies_belong_to_their_original(tiny_copydays):
    benchmark = copydays(progress=False)
    assert [one.name for one in benchmark.queries] == ["200001", "200002", "200101"]
    expected = [[True, False], [True, False], [False, True]]
    assert benchmark.positives.tolist() == expected
    assert benchmark.group.tolist() == ["2000", "2000", "2001"]
    assert set(benchmark.kind) == {"strong"}
    assert benchmark.exclude is None


def test_copydays_crops_are_told_apart_by_their_strength(tiny_copydays):
    benchmark = copydays(protocol="crops", progress=False)
    assert [one.name for one in benchmark.queries] == [
        "10/200000",
        "10/200100",
        "80/200000",
        "80/200100",
    ]
    assert benchmark.kind.tolist() == ["crops 10", "crops 10", "crops 80", "crops 80"]
    assert benchmark.positives.tolist() == [[True, False], [False, True]] * 2


IMAGES = ["christ_0", "christ_1", "christ_2", "hertford_0", "other_0"]
QUERIES = ["christ_9", "hertford_9"]
TRUTH = {
    "imlist": IMAGES,
    "qimlist": QUERIES,
    "gnd": [
        {"bbx": [10.2, 0.0, 29.6, 30.0], "easy": [0], "hard": np.array([1]), "junk": [2]},
        {"bbx": [0, 0, 40, 30], "easy": [3], "hard": [], "junk": []},
    ],
}


@pytest.fixture
def tiny_roxford(serve):
    names = [*IMAGES, *QUERIES, "unused_0"]
    serve(
        "roxford5k",
        images=archive_of(**{name: jpeg_of(20 * i) for i, name in enumerate(names)}),
        truth=pickle.dumps(TRUTH, 2),
    )


@pytest.mark.parametrize(
    ("protocol", "positives", "junk"),
    [
        ("easy", ["christ_0"], ["christ_1", "christ_2"]),
        ("medium", ["christ_0", "christ_1"], ["christ_2"]),
        ("hard", ["christ_1"], ["christ_0", "christ_2"]),
    ],
)
def test_each_protocol_has_its_positives_and_its_junk(tiny_roxford, protocol, positives, junk):
    benchmark = roxford5k(protocol=protocol, progress=False)
    assert benchmark.junk is not None
    assert [one.name for one in benchmark.database] == IMAGES
    assert of(benchmark.positives[0], benchmark.database) == positives
    assert of(benchmark.junk[0], benchmark.database) == junk
    assert benchmark.exclude is None
    assert benchmark.group.tolist() == ["christ", "hertford"]


def test_a_query_without_positives_is_skipped_by_the_measure(tiny_roxford):
    benchmark = roxford5k(protocol="hard", progress=False)
    scores = np.array([[0.9, 0.8, 0.7, 0.1, 0.2], [0.0, 0.1, 0.2, 0.9, 0.3]])
    result = mean_average_precision(scores, benchmark.positives, junk=benchmark.junk)
    assert str(result) == "mAP 1.000 over 1 query (1 skipped)"


def test_a_query_is_the_part_that_shows_the_building(tiny_roxford):
    benchmark = roxford5k(progress=False)
    assert benchmark.queries[0].load().shape == (30, 20, 3)  # columns 10 to 30
    assert benchmark.database[0].load().shape == (30, 40, 3)


def test_paris_has_two_archives(serve):
    truth = {**TRUTH, "imlist": ["a_0"], "qimlist": ["b_0"]}
    truth["gnd"] = [{"bbx": [0, 0, 9, 9], "easy": [0], "hard": [], "junk": []}]
    serve(
        "rparis6k",
        images=archive_of(paris__a__a_0=jpeg_of(1)),
        more_images=archive_of(paris__b__b_0=jpeg_of(2)),
        truth=pickle.dumps(truth),
    )
    benchmark = rparis6k(protocol="easy", progress=False)
    assert [one.name for one in benchmark.database + benchmark.queries] == ["a_0", "b_0"]


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (
            pickle.dumps([1]),
            r"expected a dictionary with \['gnd', 'imlist', 'qimlist'\], got another object",
        ),
        (
            pickle.dumps({**TRUTH, "qimlist": ["christ_9"]}),
            r"expected one answer for each query, got 2 and 1",
        ),
        (
            b"cos\nsystem\n(S'exit 1'\ntR.",
            r"expected a pickle of plain data, got: a reference to os\.system",
        ),
    ],
)
def test_a_ground_truth_of_another_form_is_refused(tiny_roxford, http_files, truth, message):
    http_files.files["gnd_roxford5k.pkl"] = truth
    message = rf"gnd_roxford5k\.pkl: {message}; delete gnd_roxford5k\.pkl to download it again$"
    with pytest.raises(ValueError, match=message):
        roxford5k(progress=False)


def test_an_image_that_is_not_in_the_archive_is_named(tiny_roxford, http_files):
    truth = {**TRUTH, "imlist": [*IMAGES, "christ_99"]}
    http_files.files["gnd_roxford5k.pkl"] = pickle.dumps(truth)
    message = r"^roxford5k: expected an image named 'christ_99', got none$"
    with pytest.raises(ValueError, match=message):
        roxford5k(progress=False)


@pytest.fixture
def tiny_flowers(serve):
    images = {f"jpg__image_{i:05d}": jpeg_of(20 * i) for i in range(1, 7)}
    serve(
        "flowers",
        {"flowers": 6},
        images=archive_of(**images),
        classes=matlab(labels=[7, 7, 8, 7, 8, 9]),
        split=matlab(trnid=[6], valid=[5], tstid=[4, 1, 3, 2]),
    )


def test_flowers_of_one_species_are_neighbours(tiny_flowers):
    benchmark = flowers(progress=False)
    names = ["image_00004", "image_00001", "image_00003", "image_00002"]
    assert [one.name for one in benchmark.database] == names
    assert benchmark.queries == benchmark.database
    assert of(benchmark.positives[0], benchmark.database) == ["image_00001", "image_00002"]
    assert of(benchmark.positives[2], benchmark.database) == []
    assert [one.name for one in benchmark.learning] == ["image_00006", "image_00005"]
    assert benchmark.group.tolist() == ["species 7", "species 7", "species 8", "species 7"]
    assert benchmark.exclude.tolist() == [0, 1, 2, 3]


def test_a_matlab_file_of_another_form_is_refused(tiny_flowers, http_files):
    http_files.files["setid.mat"] = matlab(other=[1])
    message = r"setid\.mat: expected Matlab's matrix 'tstid', got: .*; delete setid\.mat"
    with pytest.raises(ValueError, match=message):
        flowers(progress=False)


def test_published_checksums_are_of_their_kind():
    remotes = [remote for parts in _sources.REMOTES.values() for remote in parts.values()]
    lengths = {"sha256": 64, "md5": 32}
    for remote in remotes:
        if remote.checksum is not None:
            kind, digits = remote.checksum.split(":")
            assert re.fullmatch(rf"[0-9a-f]{{{lengths[kind]}}}", digits), remote.url
    assert len({remote.url for remote in remotes}) == len(remotes) == 14


@pytest.mark.parametrize(
    ("image", "shape"),
    [
        ({}, (300, 400, 3)),
        ({"max_side": 200}, (150, 200, 3)),
        ({"max_side": 1000}, (300, 400, 3)),
        ({"box": (100.4, 0, 199.6, 300)}, (300, 100, 3)),
        ({"box": (100, 0, 200, 300), "max_side": 200}, (150, 50, 3)),
    ],
)
def test_an_image_file_is_cut_and_reduced_as_a_whole(tmp_path, image, shape):
    path = tmp_path / "x.jpg"
    path.write_bytes(jpeg_of(90, (400, 300)))
    loaded = ImageFile("x", path, **image).load()
    assert loaded.shape == shape
    assert loaded.dtype == np.uint8
    loaded[:] = 0


def test_grey_files_become_rgb_and_text_is_refused(tmp_path):
    Image.new("L", (5, 4), 77).save(tmp_path / "grey.png")
    assert ImageFile("grey", tmp_path / "grey.png").load()[0, 0].tolist() == [77] * 3
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(ValueError, match=r"text\.jpg: expected an image, got: "):
        ImageFile("text", tmp_path / "text.jpg").load()


def test_every_set_can_be_loaded_by_its_name(tiny_holidays, tiny_copydays, tiny_roxford):
    assert DATASETS == (
        "places",
        "copies",
        "holidays",
        "copydays",
        "roxford5k",
        "rparis6k",
        "flowers",
    )
    assert len(load("places").queries) == 76
    assert len(load("copies").queries) == 270
    assert len(load("holidays", progress=False).queries) == 2
    assert len(load("copydays", progress=False, protocol="strong").queries) == 3
    assert load("roxford5k", progress=False, max_side=20).database[0].load().shape == (15, 20, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: load("holiday"),
            ValueError,
            r"name: expected one of 'places', .*'flowers', got 'holiday'",
        ),
        (
            lambda: load("copies", protocol="hard"),
            TypeError,
            r"options: expected none for 'copies', got \['protocol'\]",
        ),
        (
            lambda: roxford5k(protocol="Hard"),
            ValueError,
            r"protocol: expected one of 'easy', 'medium', 'hard', got 'Hard'",
        ),
        (
            lambda: copydays(protocol="crop"),
            ValueError,
            r"protocol: expected one of 'strong', 'crops', 'jpeg', got 'crop'",
        ),
        (lambda: holidays(max_side=0), ValueError, r"max_side: expected an integer ≥ 1, got 0"),
        (lambda: flowers(max_side=2.5), TypeError, r"max_side: expected an integer, got 2\.5"),
    ],
)
def test_bad_options_are_refused_before_anything_is_downloaded(
    data_folder, http_files, call, error, message
):
    with pytest.raises(error, match=f"^{message}$"):
        call()
    assert not data_folder.exists()
