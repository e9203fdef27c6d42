"""A head, or the whole backbone, trained on them."""
