"""Untrusted bytes -> one RGB image; the placeholder that stands for it; the random changes that training makes."""
