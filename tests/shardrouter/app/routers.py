"""WholeRouter: gives the database "whole" every table, so that it can serve as the oracle."""


class WholeRouter:
    def allow_migrate(self, db, app_label, **hints):
        return True if db == "whole" else None
