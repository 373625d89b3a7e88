"""What a run owes to others than the camera: the guideline, consents, the record's statements, log and register."""
