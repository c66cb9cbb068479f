"""What ``./run`` does, one concern a file; standard library only.

Start reading at ``cli.py`` (the commands) and ``set_up.py`` (what every command
needs before it can begin).
"""
