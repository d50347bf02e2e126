"""A real bank's published data of 1993–94: read strictly, posted as of its days, every balance compared."""
