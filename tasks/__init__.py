"""What is asked and how it is judged: plain data and pure functions."""
