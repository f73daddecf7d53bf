"""gunicorn's configuration for the instance INSTANCE_NAME ("web.1" … "api.3")."""

import ctypes
import gc
import os
import signal
import sys

from deploy import config as deploy_config

_config = deploy_config.read()
_name = os.environ.setdefault("INSTANCE_NAME", "dev.0")
_service = _name.partition(".")[0]
os.environ["DJANGO_SETTINGS_MODULE"] = f"twitsite.settings.{_service}"

bind = f"127.0.0.1:{_config.instance_port(_name)}"
proc_name = _name
# One process with threads: on two cores, more of either gave longer tails and no throughput.
workers = 1
worker_class = "deploy.worker.Worker"
# The site waits for the API most of the time. The API waits little on SQLite, and its threads take
# Python's lock from each other at every row: with eight, a page cost a fifth more.
threads = _config.api_threads if _service == "api" else 8
# The master loads the code before it binds, so nobody waits for an instance that is still loading,
# and a worker that died is replaced within milliseconds.
preload_app = True
# Longer than nginx keeps an idle connection (1 s), so that nginx is always the one to close it: a
# POST sent on a connection that gunicorn is closing would be lost. For the same reason there is no
# max_requests.
keepalive = 75
# A worker that has not moved for so long is frozen, and is replaced. Its main thread reports each
# second, however busy the others are.
timeout = 15
graceful_timeout = 5
# The control socket has one path for all instances of a user.
control_socket_disable = True
# nginx writes the access log.
accesslog = None
errorlog = "-"
loglevel = "warning"
# On a busy disk, heartbeats come late, and the worker would look hung.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None


def pre_fork(server, worker):
    """Leave what the master has loaded alone, so that its memory stays shared with the worker.

    The collector writes into each object that it looks at, which copies its page. Of 71 MB, the
    worker of an API instance had copied 49 after a minute.
    """
    gc.collect()
    gc.freeze()


def post_fork(server, worker):
    """Make a worker die with its master, on Linux.

    After a kill -9 of the master it would go on listening, and the next master could not bind.
    """
    if sys.platform != "linux":
        return
    PR_SET_PDEATHSIG = 1  # prctl(2)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server.pid:  # the master died before the prctl
        os._exit(1)
