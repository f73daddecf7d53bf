"""Rules of the domain, without a database. They import nothing else of the project."""
