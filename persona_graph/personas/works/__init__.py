"""What each kind of job does with its legs: house work before and after the provider, and the settling."""
