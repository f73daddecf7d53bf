"""What operators and processes need: metrics, warm-up, watched files, fault points."""
