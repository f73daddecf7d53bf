"""The peers: MiniTwit on its own tables with Flask, in one service and split in two.

Written for this benchmark, and as fast as their shape allows: indexes, connections that stay open,
WAL. Both wait for the disk as the site does (`synchronous=FULL`).
"""
