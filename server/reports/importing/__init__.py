"""Reports from files: read as a stream, kept through the same door as everything else."""
