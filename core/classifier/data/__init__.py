"""Labelled pictures: read, organised, split."""
