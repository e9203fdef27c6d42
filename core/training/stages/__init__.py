"""The stages of training, one after the other."""
