#!/usr/bin/env bash
# OpenCV's SIFT follows the processor: the same wheel, photos and options give other descriptors,
# since OpenCV and Intel's IPP, which it calls, choose their code by instruction set. Environment
# variables of theirs hide instruction sets, so that one machine shows it.
#
# Fails unless, on a processor with AVX2, the optimised code gives other descriptors without AVX2,
# and the plain code on one thread the same bytes under every setting.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 numpy==2.4.6
# For the photos in it, so without what it needs to run.
"$python" -m pip install --quiet --disable-pip-version-check --no-deps scikit-image==0.26.0

cat >"$folder/sift.py" <<'PYTHON'
import hashlib, importlib.util, pathlib, sys
import cv2, numpy as np

code, first = sys.argv[1], pathlib.Path(sys.argv[2])  # the rows of this code's first setting
if code == "plain":
    cv2.setUseOptimized(False)
    cv2.setNumThreads(1)
data = pathlib.Path(importlib.util.find_spec("skimage").origin).parent / "data"
rows = []
for name in ("astronaut", "brick", "chelsea", "coffee", "grass", "gravel", "motorcycle_left"):
    grey = cv2.imread(str(data / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    keypoints, descriptors = cv2.SIFT_create().detectAndCompute(grey, None)
    places = np.array([(*k.pt, k.size, k.angle) for k in keypoints], dtype=np.float32)
    rows.append(np.hstack([descriptors, places]))
rows = np.concatenate(rows)
if not first.exists():
    np.save(first, rows)
known = {row[:128].tobytes() for row in np.load(first)}
new = sum(row[:128].tobytes() not in known for row in rows)
digest = hashlib.sha256(rows.tobytes()).hexdigest()[:8]
print(f"{len(rows)} features, {new:3} descriptors new, sha256 {digest}")
PYTHON

export OPENCV_LOG_LEVEL=ERROR # no warning that IPP was disabled
has() { grep -qw "$1" /proc/cpuinfo; }
run() { # code, what the processor must have, settings
    if has "$2"; then
        printf '%-9s %-47s ' "$1" "${*:3}"
        env "${@:3}" "$python" "$folder/sift.py" "$1" "$folder/$1.npy" | tee -a "$folder/$1.txt"
    else
        printf '%-9s %-47s %s\n' "$1" "${*:3}" "not run: the processor has no $2"
    fi
}

"$python" -c 'import cv2; print("OpenCV", cv2.__version__, "with", cv2.getNumThreads(), "threads")'
grep -m 1 "model name" /proc/cpuinfo
echo "new: compared with the first setting"
for code in optimised plain; do
    run $code sse4_2 OPENCV_IPP=sse42 OPENCV_CPU_DISABLE=AVX2,FMA3
    run $code avx2 OPENCV_IPP=avx2 OPENCV_CPU_DISABLE=AVX2,FMA3
    run $code avx2 OPENCV_IPP=sse42
    run $code avx2 OPENCV_IPP=avx2
    run $code avx512f OPENCV_IPP=avx512
    run $code sse4_2 OPENCV_IPP=disabled
done

if ! has avx2; then
    echo "Not shown: this takes a processor with AVX2."
elif [ "$(sort -u "$folder/plain.txt" | wc -l)" != 1 ]; then
    echo "CHANGED: the plain code follows the processor too." && exit 1
elif ! grep -qv " 0 descriptors new" "$folder/optimised.txt"; then
    echo "CHANGED: the optimised code no longer follows the processor." && exit 1
else
    echo "As described: the optimised code follows the processor, the plain code does not."
fi
