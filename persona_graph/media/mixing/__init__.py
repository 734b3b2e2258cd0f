"""What happens to a speech between the provider and the finished file: effects, music, joining."""
