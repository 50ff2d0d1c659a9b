"""Every long message that a learner can see, kept apart from the logic that raises it.

One module for each part of the engine that has something to say. Each function returns a
``Trouble`` or a sentence; none of them decides anything.
"""
