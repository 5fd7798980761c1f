"""Benchmarks: each prints our values, those of a baseline and of a floor, and whether the goals are met."""
