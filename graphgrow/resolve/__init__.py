"""What a proposal means for one graph: which concept a name is, what is junk, which predicate was meant."""
