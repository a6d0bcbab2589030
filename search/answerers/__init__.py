"""Answerers: a short answer, with citations, from the passages that were retrieved."""
