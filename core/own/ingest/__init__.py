"""Where a catalogue of one's own comes from: ZIP, CSV, URLs. All of it is hostile."""
