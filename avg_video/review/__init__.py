"""Pages for choosing people by eye."""
