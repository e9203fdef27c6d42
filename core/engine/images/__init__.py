"""Untrusted bytes -> one RGB image; the placeholder that stands for it."""
