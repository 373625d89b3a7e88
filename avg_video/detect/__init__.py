"""Finding faces in one picture."""
