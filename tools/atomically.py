"""Folders that are there completely or not at all."""

import os
import shutil
import tempfile
from contextlib import contextmanager


@contextmanager
def new_folder(final):
    """Give a temporary folder beside ``final`` that takes its name at the end.

    A download or unpacking that is cut off leaves nothing under the final name, so
    a half-filled folder is never taken for a whole one. What a killed run left
    behind is removed by the next.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{final.name}.part-"
    for left in final.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    part = tempfile.mkdtemp(prefix=prefix, dir=final.parent)
    try:
        yield final.parent / part
        os.chmod(part, 0o755)
        os.rename(part, final)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_whole(path, text, mode=0o644):
    """Write a file that never stands half written, with ``mode`` from the start."""
    part = path.with_name(f".{path.name}.part-{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(part, path)
