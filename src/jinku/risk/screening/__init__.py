"""Screening: whether a name, a customer or a counterparty is on a list of the sanctioned.

Lists come in by `jinku.risk.screening.lists`, names are compared by `compare`, candidates found by `index`, the book of
customers screened and screened again by `book`, and what was cleared is kept by `whitelist`.
"""
