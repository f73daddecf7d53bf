"""Rules of the domain, without a database: they import nothing else of the project."""
