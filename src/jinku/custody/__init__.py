"""Custody: client money at a bank, held apart from the platform's own.

Rules:

1. Custody keeps no balance of its own: the ledger has it.
2. An order is a frozen value; pure functions turn it into transfers; one service submits them.
3. No personal data leaves this room for the ledger: an account carries a salted commitment instead.
"""
