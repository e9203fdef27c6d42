"""A photo or words -> hits, and nothing that only one page needs."""
