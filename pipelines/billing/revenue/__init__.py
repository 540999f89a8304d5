"""Revenue a day, site and connector."""
