"""The conformance kit of ampmap: proves that a proxy serves the Amp coding agent as the reference says."""
