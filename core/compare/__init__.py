"""Backbones beside each other."""
