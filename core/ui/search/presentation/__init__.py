"""The front page as a presentation for a projector."""
