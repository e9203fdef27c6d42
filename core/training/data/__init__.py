"""What the embedded CLIP learns from."""
