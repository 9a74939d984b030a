"""A pytest plugin for PyMongo's suite: no container, of which the driver would tell the server."""

from __future__ import annotations

from pymongo import pool_options

pool_options.DOCKER_ENV_PATH = "/no/container"
