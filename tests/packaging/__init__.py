"""Tests of the wheel in an environment without this repository."""
