"""What processes and operators need: metrics, watched SQLite files, fault points."""
