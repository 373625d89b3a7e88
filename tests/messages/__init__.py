"""The catalogues of messages: what the code says, found by reading it, and whether every language says all of it."""
