"""gunicorn of one instance; INSTANCE_NAME ("web.1" … "api.3") says which."""

import ctypes
import os
import shutil
import signal
import sys

from deploy import config as deploy_config

_config = deploy_config.read()
_name = os.environ.setdefault("INSTANCE_NAME", "dev.0")
_service = _name.partition(".")[0]
os.environ["DJANGO_SETTINGS_MODULE"] = f"twitsite.settings.{_service}"

bind = f"127.0.0.1:{_config.instance_port(_name)}"
proc_name = _name
# One process with threads: on two cores more of either bought no throughput, only longer tails.
workers = 1
worker_class = "gthread"
threads = 8
# Loading is done once, in the master: a worker that died is back within milliseconds.
preload_app = True
# Longer than nginx keeps an idle connection (60 s), so that it is always nginx that ends one: a
# POST sent on a connection that gunicorn is closing would be lost. For the same reason workers
# are never recycled (no max_requests).
keepalive = 75
timeout = 60
graceful_timeout = 5
# Its socket has one path for all the instances of a user.
control_socket_disable = True
# nginx writes the access log; the services log what they do.
accesslog = None
errorlog = "-"
loglevel = "warning"
# Heartbeats on a disk that is busy would look like a hanging worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

if _service == "api":
    # prometheus_client reads this when it is imported. Wiped: a process id may come again.
    _metrics = _config.run / "metrics" / _name
    shutil.rmtree(_metrics, ignore_errors=True)
    _metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)


def post_fork(server, worker):
    """On Linux, a worker dies with its master.

    After a kill -9 of the master it would go on listening, and the new master could not bind.
    """
    if sys.platform != "linux":
        return
    PR_SET_PDEATHSIG = 1  # prctl(2)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server.pid:  # it died before we asked
        os._exit(1)


def child_exit(server, worker):
    """A dead worker's gauges are not counted any more."""
    if _service == "api":
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)
