"""What must always hold of an instance's records, and how its derived state is made anew."""
