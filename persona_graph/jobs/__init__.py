"""The job row and its states, advance(), events and the doorbell."""
