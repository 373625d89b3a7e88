"""The drawn class: a clip to try the program on, made from a public-domain portrait and nothing else."""
