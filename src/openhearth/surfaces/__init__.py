"""The routes of each API family. A surface knows HTTP and its dialect, nothing else."""
