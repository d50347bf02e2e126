"""Our movements against the bank's lines: matches that explain themselves, breaks with class and age, reports."""
