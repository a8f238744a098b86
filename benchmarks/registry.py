"""A registry of 100,000 declared images under 50 readers at once: how long pages and look-ups take, and is all kept?

Prints a table by kind of request: how many, median, 95th and 99th percentile, errors; and, as a floor, the style sheet,
which is a few bytes from memory through the same server. Then it counts: every concern that was acknowledged has to be
there, with its event in the log. Run: ``python benchmarks/registry.py [--database postgresql://…] [--seconds 30]``.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode

ENTRIES, IMAGES, CLIENTS, PORT = 50, 100_000, 50, 8399
WARM = 20.0  # seconds that are not counted: every page is built once in each process
KINDS = ("front page", "search", "entry", "concern", "look-up page", "look-up API", "entry API", "style (floor)", "ask")
WEIGHTS = (10, 10, 25, 10, 10, 20, 8, 5, 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "registry"
        started = time.perf_counter()
        run("init", place, options.database)
        run("fill", place, options.database)
        print(f"{ENTRIES} entries, {IMAGES:,} declared images, made in {time.perf_counter() - started:.0f} s")
        command = [sys.executable, "-c", "from misyn.cli import main; main()", "registry", "serve", str(place)]
        server = subprocess.Popen([*command, "--port", str(PORT)], stderr=subprocess.DEVNULL)
        try:
            wait()
            measure(options.seconds)
        finally:
            server.terminate()
            server.wait()


def run(step: str, place: Path, database: str | None) -> None:
    environ = {**os.environ, "MISYN_BENCH_STEP": step, "MISYN_BENCH_DATABASE": database or ""}
    subprocess.run([sys.executable, __file__, "--inside", str(place)], check=True, env=environ)


def inside(place: Path) -> None:
    """Make and fill a registry, in a process of its own: Django is set up once for a process."""
    if os.environ["MISYN_BENCH_STEP"] == "init":
        from misyn.oversight.registry import running

        running.create(
            place,
            origin="bench.example/registry",
            address="http://127.0.0.1",
            database=os.environ["MISYN_BENCH_DATABASE"] or None,
        )
        content = json.loads((place / "registry.json").read_text())
        (place / "registry.json").write_text(json.dumps({**content, "proxies": 1}))
        return
    from misyn.oversight.registry import running

    running.set_up(place)
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import registries
    from misyn.oversight.registry import clock
    from misyn.oversight.registry.acts import asking, publishing
    from misyn.oversight.registry.place import Place

    world = registries.World(Place.load(place), place.parent)
    for n in range(ENTRIES):
        told = registries.record(technique={"name": f"painter {n}", "version": str(n), "kind": "generation"})
        entry = world.publish(of=told).entry
        each = IMAGES // ENTRIES
        digests = [f"sha256:{hashlib.sha256(b'%d %d' % (n, m)).hexdigest()}" for m in range(each)]
        publishing.declare(world.lab, entry, digests, now=clock.now())
        for _ in range(4):
            asking.ask(entry=entry, kind="question", words="Where do the images come from?", now=clock.now())
    running.sign(force=True)


def wait() -> None:
    for _ in range(200):
        try:
            ask_for("/en/")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the server does not answer")


def ask_for(path: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


def measure(seconds: float) -> None:
    style = re.search(rb"/style-[a-z0-9]+\.css", ask_for("/en/")[1])
    assert style
    times: dict[str, list[float]] = defaultdict(list)
    errors: dict[str, int] = defaultdict(int)
    acknowledged: list[int] = []
    begin = time.perf_counter() + WARM
    end = begin + seconds
    threads = [
        threading.Thread(target=client, args=(n, (begin, end), style.group().decode(), times, errors, acknowledged))
        for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    show(times, errors, seconds)
    kept = {row["concern"] for row in json.loads(ask_for("/data/concerns.json")[1])}
    events = sum(row["act"] == "concern" for row in json.loads(ask_for("/data/events.json")[1]))
    lost = set(acknowledged) - kept
    print(
        f"\nconcerns acknowledged under load: {len(acknowledged)}; lost: {len(lost)}; "
        f"events of concerns: {events} of {len(kept)}"
    )


def client(
    n: int,
    span: tuple[float, float],
    style: str,
    times: dict[str, list[float]],
    errors: dict[str, int],
    acknowledged: list[int],
) -> None:
    """One reader who waits for nothing: the next request follows at once."""
    chance, connection = random.Random(n), http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    while time.perf_counter() < span[1]:
        kind = chance.choices(KINDS, WEIGHTS)[0]
        method, path, body = request(kind, chance, style)
        who = f"10.{chance.randrange(250)}.{chance.randrange(250)}.{chance.randrange(250)}"
        headers = {"X-Forwarded-For": who, "Content-Type": "application/json"}
        started = time.perf_counter()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            errors[kind] += 1
            connection.close()
            continue
        if started >= span[0]:
            times[kind].append(time.perf_counter() - started)
        if answer.status not in (200, 201):
            errors[kind] += 1
        elif kind == "ask":
            acknowledged.append(json.loads(content)["concern"])


def request(kind: str, chance: random.Random, style: str) -> tuple[str, str, str | None]:
    entry, language = chance.randint(1, ENTRIES), chance.choice(["en", "de"])
    digits = hashlib.sha256(chance.randbytes(8)).hexdigest()[:4]
    if kind == "ask":
        return "POST", f"/api/entries/{entry}/concerns", json.dumps({"kind": "question", "words": "Who made this?"})
    paths = {
        "front page": f"/{language}/",
        "search": f"/{language}/?{urlencode({'q': f'painter {entry}'})}",
        "entry": f"/{language}/entry/{entry}/{chance.choice(['', 'reviewer/', 'developer/'])}",
        "concern": f"/{language}/concern/{chance.randint(1, 4 * ENTRIES)}/",
        "look-up page": f"/{language}/look-up/?digits={digits}",
        "look-up API": f"/api/declared/{digits}",
        "entry API": f"/api/entries/{entry}",
        "style (floor)": style,
    }
    return "GET", paths[kind], None


def show(times: dict[str, list[float]], errors: dict[str, int], seconds: float) -> None:
    every = [one for found in times.values() for one in found]
    print(
        f"{CLIENTS} clients, {seconds:g} s after {WARM:g} s of warming up, "
        f"{len(every) / seconds:.0f} requests/s, load average {os.getloadavg()[0]:.1f}\n"
    )
    print(f"| {'request':<14} | {'n':>6} | {'p50 ms':>7} | {'p95 ms':>7} | {'p99 ms':>7} | errors |")
    print(f"|{'-' * 16}|{'-' * 8}|{'-' * 9}|{'-' * 9}|{'-' * 9}|{'-' * 8}|")
    for kind in (*KINDS, "all"):
        found = sorted(every if kind == "all" else times[kind])
        if not found:
            continue
        at = [1000 * found[min(int(share * len(found)), len(found) - 1)] for share in (0.5, 0.95, 0.99)]
        wrong = sum(errors.values()) if kind == "all" else errors[kind]
        print(f"| {kind:<14} | {len(found):>6} | {at[0]:>7.0f} | {at[1]:>7.0f} | {at[2]:>7.0f} | {wrong:>6} |")


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside(Path(sys.argv[-1]))
    else:
        main()
