"""Structures to learn from: molecules, ions and clusters in all the shapes that a simulation may bring them into."""
