"""Identity: who may look or act, and by which credential."""
