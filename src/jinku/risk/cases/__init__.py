"""Alerts become cases, cases end by two persons, measures are proportionate and can be objected to."""
