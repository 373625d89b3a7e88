"""The register: whose consent was given for what, which recordings and copies there are, and what happened to them."""
