"""What belongs to a visit: its state, its session, the frame of every page."""
