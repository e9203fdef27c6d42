"""Nearest neighbours: hnswlib, and the exact search that it is held to."""
