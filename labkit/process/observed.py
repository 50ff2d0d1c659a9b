"""A plain process that observes itself: ``python observed.py EXECUTABLE KIND TARGET WORD...``.

Run by path, so that it is found whatever the command's own path says, and gone from that path
before the program begins.
"""

import os
import sys

_loaded = set(sys.modules)
if not sys.flags.safe_path:
    del sys.path[0]
_path = list(sys.path)
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from labkit.process import plain  # noqa: E402

plain.main(_path, sys.argv[1:], _loaded)
