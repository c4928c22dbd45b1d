#!/usr/bin/env python3
"""How long a page check takes, from the command to its verdict: a world, a fake that serves the
page, Chromium's start, the page until it is at rest. Prints {"page_check_ms": median}."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "fixtures/platform"
TIMES = 5  # the first is not counted: it reads the browser from the disk


def build(output):
    contract = json.loads((PLATFORM / "relapse.env.json").read_text())
    env = {"PATH": os.environ["PATH"], "HOME": output, **contract["deploy"]["values"]["vars"]}
    vite = PLATFORM / "node_modules/vite/bin/vite.js"
    subprocess.run(["node", vite, "build", "--outDir", output, "--emptyOutDir"], cwd=PLATFORM,
                   env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def check_ms(output):
    began = time.monotonic()
    done = subprocess.run([ROOT / "build/relapse", "env", "page", output, "--contract",
                           PLATFORM / "relapse.env.json"], stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        sys.exit("bench: the page of fixtures/platform does not work")
    return (time.monotonic() - began) * 1000


with tempfile.TemporaryDirectory() as folder:
    build(folder)
    times = [check_ms(folder) for _ in range(TIMES + 1)][1:]
    print(json.dumps({"page_check_ms": round(statistics.median(times))}))
