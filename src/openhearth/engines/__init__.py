"""Embedded engines: local model runners, each in a child process, speaking HTTP on a Unix socket.

To the rest of the platform an engine is a provider at a ``unix`` origin. A folder here never imports another one;
heavy imports happen only inside the child.
"""
