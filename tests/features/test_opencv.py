"""OpenCV's bytes follow neither processor nor threads, and its switches stay as they were."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident

import cv2
import joblib
import pytest

from coursekit.data import photo
from coursekit.features import dense_sift, extract, extract_patches, sift
from coursekit.features._opencv import plain_opencv
from coursekit.types import LocalFeatures

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
Switches = tuple[bool, int, bool]

# Two photos where OpenCV's own way gives other bytes under each of the settings below.
SENSITIVE = ("d_orange_cat_0", "d_zoo_cow_0")
FIELDS = ("descriptors", "positions", "scales", "angles")


def switches() -> Switches:
    return cv2.useOptimized(), cv2.getNumThreads(), cv2.ipp.useIPP()


def switch(optimized: bool, n_threads: int, ipp: bool) -> None:
    cv2.setUseOptimized(optimized)
    cv2.setNumThreads(n_threads)
    cv2.ipp.setUseIPP(ipp)  # after the first, which sets it too


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = switches()
    yield
    switch(*before)


PLAIN = (False, 1, False)
SETTINGS = [
    (True, 2, cv2.ipp.useIPP()),  # False on ARM, which has no IPP to switch on
    (True, 3, False),
    (False, 2, cv2.ipp.useIPP()),
    (False, 1, False),
]


def digests() -> dict[str, str]:
    found = {}
    for name in SENSITIVE:
        image = photo(name).load()
        features, grid = sift(image), dense_sift(image, step=24)
        arrays = {
            **{f"sift {field}": getattr(features, field) for field in FIELDS},
            "dense_sift": grid.descriptors,
            "extract_patches": extract_patches(image, grid),
        }
        for what, array in arrays.items():
            found[f"{name} {what}"] = hashlib.sha256(array.tobytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    return digests()


@pytest.mark.parametrize(
    "setting",
    [
        {"OPENCV_IPP": "sse42"},
        {"OPENCV_IPP": "avx2"},
        {"OPENCV_IPP": "disabled"},
        {"OPENCV_CPU_DISABLE": "AVX2,FMA3"},
    ],
    ids=lambda setting: "=".join(*setting.items()),
)
def test_bytes_do_not_follow_the_instruction_sets(setting, here):
    code = "import json, tests.features.test_opencv as t; print(json.dumps(t.digests()))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**ENVIRONMENT, **setting},
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == here


def same_bytes(one: LocalFeatures, other: LocalFeatures) -> bool:
    return all(getattr(one, x).tobytes() == getattr(other, x).tobytes() for x in FIELDS)


def test_bytes_do_not_follow_opencvs_switches():
    image = photo(SENSITIVE[0]).load()
    expected = sift(image)
    for setting in SETTINGS:
        switch(*setting)
        assert same_bytes(sift(image), expected), setting


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_two_workers_give_what_one_gives(backend):
    images = [photo(name).load() for name in SENSITIVE] * 2
    alone = [sift(image) for image in images]
    with joblib.parallel_config(backend=backend, n_jobs=2):
        together = extract(images, sift)
    assert all(map(same_bytes, together, alone))


@pytest.mark.parametrize("setting", SETTINGS)
def test_inside_is_plain_and_outside_is_as_before(setting):
    switch(*setting)
    with plain_opencv():
        assert switches() == PLAIN
        with plain_opencv():
            assert switches() == PLAIN
        assert switches() == PLAIN
    assert switches() == setting


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    "call",
    [sift, dense_sift, lambda image: extract_patches(image, dense_sift(image, step=32))],
    ids=["sift", "dense_sift", "extract_patches"],
)
def test_a_call_leaves_the_switches(call, setting):
    switch(*setting)
    call(photo("eiffel_3").load())
    assert switches() == setting


@pytest.mark.parametrize("setting", SETTINGS)
def test_an_error_inside_leaves_the_switches(setting, monkeypatch):
    def fail(*_: object) -> None:
        raise cv2.error("out of film")

    monkeypatch.setattr(cv2, "cvtColor", fail)
    switch(*setting)
    for call in (sift, dense_sift):
        with pytest.raises(cv2.error, match=r"^out of film$"):
            call(photo("eiffel_3").load())
        assert switches() == setting


def test_the_last_one_out_restores_even_if_the_first_one_in_left_before():
    switch(*SETTINGS[0])
    first, second = plain_opencv(), plain_opencv()
    with ThreadPoolExecutor(1) as here, ThreadPoolExecutor(1) as there:
        here.submit(first.__enter__).result()
        there.submit(second.__enter__).result()
        here.submit(first.__exit__, None, None, None).result()
        assert there.submit(switches).result() == PLAIN
        there.submit(second.__exit__, None, None, None).result()
        assert [pool.submit(switches).result() for pool in (here, there)] == [SETTINGS[0]] * 2
    assert switches() == SETTINGS[0]


def test_fifty_rounds_of_two_threads_and_errors_leave_the_switches():
    def rounds(worker: int) -> set[Switches]:
        own = worker == 0 and SETTINGS[0][2]
        cv2.ipp.setUseIPP(own)
        seen = set()
        for i in range(50):
            try:
                with plain_opencv():
                    seen.add(switches())
                    if i % 7 == worker:
                        raise RuntimeError("out of film")
            except RuntimeError:
                pass
            assert cv2.ipp.useIPP() == own
        return seen

    switch(*SETTINGS[0])
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(rounds, range(2))) == [{PLAIN}] * 2
    assert switches() == SETTINGS[0]


def test_opencl_of_the_caller_is_left_alone(monkeypatch):
    # `setUseOptimized` switches OpenCL too, for the thread it runs in.
    threads = []
    monkeypatch.setattr(cv2, "setUseOptimized", lambda _: threads.append(get_ident()))
    with plain_opencv():
        pass
    assert len(threads) == 2
    assert get_ident() not in threads


FORK = """
import os, signal, threading, time
import cv2
from coursekit.data import photo
from coursekit.features import sift
from coursekit.features._opencv import plain_opencv

image = photo("eiffel_3").load()
expected = sift(image).descriptors.tobytes()

def works_in_a_fork():
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # ends it, should it wait for a thread that it does not have
        switches = cv2.useOptimized(), cv2.getNumThreads()
        same = sift(image).descriptors.tobytes() == expected
        os._exit(0 if same and switches == (True, 2) else 1)
    return os.waitpid(child, 0)[1] == 0

cv2.setNumThreads(2)
cv2.SIFT.create().detect(image)  # starts OpenCV's threads
time.sleep(0.2)  # and they fall asleep, which is when OpenCV would wait for them
assert works_in_a_fork(), "nobody inside"
inside, leave = threading.Event(), threading.Event()

def stay():
    with plain_opencv():
        inside.set()
        leave.wait()

thread = threading.Thread(target=stay)
thread.start()
inside.wait()
works = works_in_a_fork()
leave.set()
thread.join()
assert works, "a thread inside"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_forked_process_works_and_has_its_switches():
    ran = subprocess.run([sys.executable, "-c", FORK], env=ENVIRONMENT, capture_output=True)
    assert ran.returncode == 0, ran.stderr
