"""What the graph's input and output are called."""

INPUT = "observation"
OUTPUT = "action_values"
