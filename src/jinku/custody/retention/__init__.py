"""Keeping records as long as the law asks and no longer; copies of the house, and proof that they can be restored."""
