"""A standalone Spark cluster on this machine: the master and the worker that come with pyspark, on the loopback address."""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = "127.0.0.1"
NO_SPARK = importlib.util.find_spec("pyspark") is None or shutil.which("java") is None
PATIENCE = 60


@contextlib.contextmanager
def cluster(folder: Path, cores: int = 2, memory: str = "1g") -> Iterator[str]:
    """A master and a worker with so many cores and so much memory for executors; yields the master's address.

    Both keep their logs and work in ``folder``, and end with the block. RuntimeError where they do not start.
    """
    import pyspark

    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    port, page = free_port(), free_port()
    address = f"spark://{HERE}:{port}"
    deploy = "org.apache.spark.deploy"
    master = [f"{deploy}.master.Master", "--host", HERE, "--port", str(port), "--webui-port", str(page)]
    worker = [f"{deploy}.worker.Worker", "--host", HERE, "--webui-port", str(free_port()), "--cores", str(cores)]
    worker += ["--memory", memory, "--work-dir", str(folder / "work"), address]
    environment = {**os.environ, "SPARK_LOCAL_IP": HERE, "SPARK_DAEMON_MEMORY": "256m", "SPARK_NO_DAEMONIZE": "1"}
    with contextlib.ExitStack() as started:
        for name, arguments in (("master", master), ("worker", worker)):
            log = started.enter_context((folder / f"{name}.log").open("w"))
            process = subprocess.Popen(
                [str(program), *arguments], env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
            started.callback(process.wait, PATIENCE)
            started.callback(process.terminate)
        _wait_for_worker(page, folder)
        yield address


def free_port() -> int:
    """A port of the loopback address on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def _wait_for_worker(page: int, folder: Path) -> None:
    """Until the master's own page lists a worker that is alive."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{HERE}:{page}/json/", timeout=2) as answer:
            if b'"aliveworkers" : 1' in answer.read():
                return
        time.sleep(0.2)
    raise RuntimeError("".join(path.read_text()[-2000:] for path in sorted(folder.glob("*.log"))))
