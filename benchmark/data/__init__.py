"""Collections: one validated table and one card each, and where they come from."""
