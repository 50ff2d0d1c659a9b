"""Starts the fork server: ``python prepare.py CONTROL DOOR FOLDER``, run by path.

``sys.path`` is left as a program is to find it behind its own folder.
"""

import sys
from pathlib import Path

path = sys.path[1:]
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from labkit import forkserver  # noqa: E402

sys.path[:] = path
forkserver.main(path, int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
