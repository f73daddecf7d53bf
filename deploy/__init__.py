"""Running Twitsite on one machine: the `make up` program, and configuration for nginx, gunicorn
and supervisor. It starts, watches and stops the services, and knows nothing of what they do.
"""
