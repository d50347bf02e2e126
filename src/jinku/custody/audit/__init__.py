"""Audit: what an independent auditor does with the log alone: the whole population, and samples of it with proofs."""
