"""What a page costs: the whole site beside two MiniTwits of our own writing, in one run.

`python -m benchmarks.bench_pages` runs it; this package has the crowd that fills all of them, the
servers, the load generator, the scenarios and the report.
"""
