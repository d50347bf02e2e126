"""Crime among honest custom, with labels: weeks of ordinary movements, and a day with frauds and launderings in it."""
