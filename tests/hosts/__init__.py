"""Hosts of every kind: small LMS that differ in what their course overview has, each run in a process of its own."""
