"""Pictures or words -> embeddings."""
