"""Floor 2: the transparency log: tiles and checkpoints derived from the journal, proofs, receipts, witnesses."""
