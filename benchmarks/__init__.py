"""Benchmarks: each returns rows of one table, with its goal, the measured value and the verdict."""
