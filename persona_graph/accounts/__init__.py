"""Who is calling, and what they owe."""
