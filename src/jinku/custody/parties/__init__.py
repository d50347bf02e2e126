"""Parties, the people behind them, and what becomes of them."""
