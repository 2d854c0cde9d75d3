"""Constants of the published model, in eV, Å and elementary charges."""

#: e²/(4πε₀), eV Å.
COULOMB = 14.399645351950548

#: eV.
HARTREE = 27.211386024367243

#: Å.
BOHR = 0.5291772105638411
