# Python copies its environment when it starts, and reads the copy: this writes down which names are
# asked for, and where. Never a value.
import os
import sys


def _watch():
    folder = os.environ.get("RELAPSE_OBSERVE")
    if not folder:
        return
    log = os.path.join(folder, "python-%d" % os.getpid())
    kind = type(os.environ)
    known = set()
    own = __file__
    library = os.path.dirname(os.__file__)

    def note(name):
        frame = sys._getframe(2)
        # Through Mapping.get and os.getenv to who asked.
        while frame is not None and (
            frame.f_code.co_filename in (own, os.__file__)
            or frame.f_code.co_filename.startswith("<frozen")
            or frame.f_code.co_filename.endswith("_collections_abc.py")
        ):
            frame = frame.f_back
        if frame is None or not isinstance(name, str):
            return
        file, line = os.path.abspath(frame.f_code.co_filename), frame.f_lineno
        if file.startswith(library) or (name, file, line) in known or "\n" in name:
            return
        known.add((name, file, line))
        try:
            with open(log, "a") as out:
                out.write("P\t%s\t%s\t%d\t%d\n" % (name, file, line, len(os.environ)))
        except OSError:
            pass

    get, contains = kind.__getitem__, kind.__contains__

    def watched_get(self, name):
        note(name)
        return get(self, name)

    def watched_contains(self, name):
        note(name)
        return contains(self, name)

    kind.__getitem__ = watched_get
    kind.__contains__ = watched_contains


_watch()
