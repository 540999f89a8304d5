"""`kwhouse proxy`: between stations and a central system that an operator already has.

Frames pass unchanged and in order; what passes is kept as the collector keeps it. What waits for the disk, and why,
is said in docs/decisions/0013-proxy.md.
"""
