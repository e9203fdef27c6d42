"""Training: what a batch is, what it loses, and the loop."""
