"""What goes over the wire: the ledger's objects as JSON, strict on the way in and exact on the way out."""
