"""Training: the captions, the data, the CLIP trainer and its export. Needs requirements-dev.txt."""
