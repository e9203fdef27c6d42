"""The two towers, their words and their export."""
