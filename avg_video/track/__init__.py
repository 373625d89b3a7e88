"""Following faces through time."""
