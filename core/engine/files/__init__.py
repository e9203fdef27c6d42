"""What is kept on disk: written whole, and verified before it is read."""
