"""Measurements of the bars of speed and memory, each beside its peer and its floor.

``./run bench [name ...]`` runs ``python -m benchmarks``. Each bench works on a fresh
copy of the database it is given, prints JSON lines (see ``figure``) and leaves nothing
behind. Peers and floors are measured in the same run and by turns, because absolute
figures drift by a quarter on a shared machine; what is compared are medians.
"""
