"""Agreements: versioned, approved Numscript programs that share money out, each run once as one linked batch."""
