"""A private PostgreSQL and Redis under ``HAMYAR_HOME``, and the supervisor that keeps the
instance running.
"""
