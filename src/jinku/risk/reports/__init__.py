"""What a regulator is told: drafts from cases, large values, files valid by schema, and what became of them."""
