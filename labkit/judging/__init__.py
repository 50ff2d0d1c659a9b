"""The judge in parts: commands, files, what was sent and printed, and the line to blame."""
