"""Whether a picture shows a fashion item."""
