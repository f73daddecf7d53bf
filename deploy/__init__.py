"""What runs Twitsite on one machine: the `up` program, and the configuration of nginx and gunicorn.

Nothing here knows how the services work; they are started, watched and stopped.
"""
