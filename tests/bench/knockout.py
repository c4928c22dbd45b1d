"""A knock-out matrix of ten names over a real Vite build, against the same builds one by one, each
from scratch: a fresh copy of the project and a home without caches. Prints one JSON object."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = ROOT / "fixtures/platform"
BUILD = ["npm", "run", "build"]
NAMES = {
    "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY": "pk_test_Y2xlcmsuaGFybmVzcy50ZXN0JA",
    "VITE_API_URL": "https://api.harness.test",
    "VITE_SUPPORT_EMAIL": "somebody@harness.test",
    "VITE_ERROR_REPORTS_URL": "https://errors.harness.test",
    "VITE_DEBUG_PANEL": "1",
    "SENTRY_AUTH_TOKEN": "token",
    "DEPLOY_STAGE": "staging",
    "STAGE_LABEL_STAGING": "staging",
    "VITE_UNREAD": "unread",
    "UNREAD": "unread",
}


def digest(folder):
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return whole.hexdigest()


def one_from_scratch(env):
    """The exit code and the output's hash of one build, as a careful person would make it."""
    with tempfile.TemporaryDirectory(prefix="relapse-bench-") as place:
        copy = pathlib.Path(place, "project")
        shutil.copytree(PROJECT, copy, symlinks=True, ignore=shutil.ignore_patterns("dist", "node_modules"))
        # What is installed, wherever it is kept.
        shutil.copytree((PROJECT / "node_modules").resolve(), copy / "node_modules", symlinks=True)
        home = pathlib.Path(place, "home")
        home.mkdir()
        clean = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **env}
        done = subprocess.run(BUILD, cwd=copy, env=clean, capture_output=True, timeout=300)
        return done.returncode, digest(copy / "dist") if done.returncode == 0 else ""


def matrix():
    yield "reference", NAMES
    yield "again", NAMES
    for name in NAMES:
        yield f"{name} unset", {k: v for k, v in NAMES.items() if k != name}
        yield f"{name} empty", {**NAMES, name: ""}


def main():
    program = pathlib.Path(os.environ.get("RELAPSE_BUILD", ROOT / "build")) / "relapse"
    with tempfile.TemporaryDirectory() as place:
        env_file = pathlib.Path(place, "env")
        env_file.write_text("".join(f"{k}={v}\n" for k, v in NAMES.items()))
        began = time.monotonic()
        done = subprocess.run(
            [program, "env", "knockout", "--env-file", env_file, "--candidates", "UNREAD",
             "--output", "dist", "--json", "--", *BUILD],
            cwd=PROJECT, capture_output=True, text=True, timeout=900)
        ours = time.monotonic() - began
    if not done.stdout:
        sys.exit(f"bench: {done.stderr}")
    report = json.loads(done.stdout)

    began = time.monotonic()
    theirs = {label: one_from_scratch(env) for label, env in matrix()}
    sequential = time.monotonic() - began

    # A ratio of two different answers would be worth nothing.
    for name in report["names"]:
        for lack in ("unset", "empty"):
            code, tree = theirs[f"{name['name']} {lack}"]
            fails = name[lack] in ("loud", "obscure")
            same = name[lack] == "none"
            if fails != (code != 0) or (not fails and same != (tree == theirs["reference"][1])):
                sys.exit(f"bench: {name['name']} {lack}: {name[lack]}, but by hand {code} {tree}")
    print(json.dumps({
        "knockout_vs_sequential_cold": ours / sequential,
        "knockout_s": ours,
        "knockout_sequential_cold_s": sequential,
    }))


main()
