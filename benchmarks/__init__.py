"""Speed and memory against other libraries and against the matrix product, as ratios."""

import os

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler reports each start and stop
