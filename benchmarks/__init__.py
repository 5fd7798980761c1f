"""Benchmarks: each prints a table of ours beside a baseline and a floor, with goal, value and verdict."""
