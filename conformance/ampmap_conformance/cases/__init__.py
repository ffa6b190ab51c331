"""What a requirement expands to: cases, their variations, selection and pairing with a control.

May import `target` and what is below it; it knows no check.
"""
