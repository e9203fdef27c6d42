"""The figures on file: evaluation, benchmark, outcomes, those of others."""
