"""Market risk of the platform's own assets: what could be lost, whether the estimate held, and what the limits are."""
