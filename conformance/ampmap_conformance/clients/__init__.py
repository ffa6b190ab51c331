"""The official Python SDKs as clients of a proxy: which there are, how each is driven, and what it says."""
