"""The wheel, installed where nothing of this repository is."""
