"""The page of a catalogue of one's own."""
