"""What the command line runs: building, evaluating, benchmarking, downloading."""
