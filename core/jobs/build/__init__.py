"""Building what ships."""
