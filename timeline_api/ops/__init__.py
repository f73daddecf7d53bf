"""What processes and operators need: metrics, warm-up, watched SQLite files, fault points."""
