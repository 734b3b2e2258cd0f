"""The mutations, one file per area."""
