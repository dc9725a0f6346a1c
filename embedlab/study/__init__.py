"""What helps to learn: questions, practice, exercises with a checker. Loads no torch."""
