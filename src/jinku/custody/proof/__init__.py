"""Proof: what is owed to all customers, sealed, with a receipt for each of them."""
