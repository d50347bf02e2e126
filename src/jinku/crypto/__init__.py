"""Keys, signatures and commitments, all by the `cryptography` package: no algorithm of our own."""
