"""The trained classifier: kept, described, exported, used."""
