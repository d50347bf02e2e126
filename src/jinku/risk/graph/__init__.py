"""The account graph: scores of accounts with and without labels, and the typologies of laundering."""
