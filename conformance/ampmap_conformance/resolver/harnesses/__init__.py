"""Sample harnesses: what a resolver needs around it to be checked. They stand alone and are made to be copied."""
