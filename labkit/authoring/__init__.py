"""What authors use: the form of a page, recording, proofs, and the suite of all checks."""
