"""Starts the fork server: ``python prepare.py CONTROL DOOR FOLDER``, run by path.

``sys.path`` is left as a program is to find it behind its own folder.
"""

import os
import sys

loaded = set(sys.modules)
path = sys.path[1:]
sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from labkit.process import forkserver  # noqa: E402

sys.path[:] = path
forkserver.main(path, loaded, sys.argv[1:])
