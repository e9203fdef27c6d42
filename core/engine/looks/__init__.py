"""What can be told of a piece by looking: its kind, colour and pattern."""
