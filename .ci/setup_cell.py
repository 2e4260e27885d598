"""The set-up cell: the first code cell of every notebook, the same everywhere.

This file is its one home. `make set-repository` writes the repository's address into it and then
copies it into the notebooks; a test compares each notebook with it.
"""

SETUP_CELL = '''\
# Set-up: installs coursekit where it is missing (Colab); silent otherwise.
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("coursekit") is None:
    source = "coursekit @ git+https://github.com/OWNER/pooling"
    source = os.environ.get("COURSEKIT_SOURCE", source)
    install = [sys.executable, "-m", "pip", "install", "--quiet", source]
    subprocess.run(install, check=True)
'''
