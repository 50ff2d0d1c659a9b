"""Things that stand on other things, in layers: what stands on nothing is the lowest."""

from __future__ import annotations

from collections import defaultdict


def layers(stands_on: dict[str, set[str]]) -> dict[str, int]:
    """The layer of each; one that stands on itself in a circle is above all that does not."""
    waiting = {
        name: {other for other in below if other in stands_on} for name, below in stands_on.items()
    }
    above: dict[str, list[str]] = defaultdict(list)
    for name, below in waiting.items():
        for other in below:
            above[other].append(name)
    found: dict[str, int] = {}
    layer = 0
    ready = [name for name, below in waiting.items() if not below]
    while ready:
        found.update(dict.fromkeys(ready, layer))
        layer += 1
        freed = []
        for name in ready:
            for other in above[name]:
                waiting[other].discard(name)
                if not waiting[other]:
                    freed.append(other)
        ready = freed
    return {name: found.get(name, layer) for name in stands_on}
