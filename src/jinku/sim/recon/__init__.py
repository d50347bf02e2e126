"""Days whose answer is known: three sides of the same money with every kind of break put in and labelled, and a
score."""
