"""A visitor's own catalogue, in a session or as files."""
