"""Embeddings in two dimensions."""
