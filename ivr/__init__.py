"""Dialog flows, their importers and the speech that drives them."""
