"""What helps to learn: exercises with a checker. Knows nothing of the engine; loads no torch."""
