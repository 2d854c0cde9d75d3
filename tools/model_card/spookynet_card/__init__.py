"""Measures a model and its teacher on known molecules, clusters and curves, and writes its model card."""

import os

# Before NumPy is loaded. Matrices of some 50 rows are slower on several threads, on busy processors a hundred times.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
