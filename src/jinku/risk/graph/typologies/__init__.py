"""The typologies of laundering (K4): a readable table of thresholds, a detector each, findings with their evidence."""
