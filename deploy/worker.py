"""The worker of an instance: gunicorn's with threads, which ends without cutting a request."""

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):
    """Close the sockets as soon as no connection is accepted any more.

    gunicorn keeps them open until the last request is answered. Who connects meanwhile waits for
    nothing, and is cut; now the load balancer is refused at once, and asks the next instance.
    """

    def set_accept_enabled(self, enabled):
        """Accept, or stop it: for good once the worker has been asked to end."""
        if not enabled and not self.alive:
            self._accept_waiting()
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                listener.close()

    def _accept_waiting(self):
        """Accept the connections that have been made already."""
        for listener in self.sockets:
            before = -1
            while self.nr_conns != before:
                before = self.nr_conns
                self.accept(listener)
