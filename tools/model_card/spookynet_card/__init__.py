"""Measures a model and its teacher on known molecules, clusters and curves, and writes its model card."""
