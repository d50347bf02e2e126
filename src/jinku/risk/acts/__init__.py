"""What persons did about alerts, cases, measures, reports and ratings: only ever added, chained, sealed in the log."""
