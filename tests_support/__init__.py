"""What the tests of the generator and of the kit share."""
