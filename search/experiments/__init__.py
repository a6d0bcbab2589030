"""Measurements: datasets, runs and metrics."""
