"""A standalone Spark cluster on this machine: the master and workers that come with pyspark, on the loopback address."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = "127.0.0.1"
NO_SPARK = importlib.util.find_spec("pyspark") is None or shutil.which("java") is None
PATIENCE = 60
_DEPLOY = "org.apache.spark.deploy"


@contextlib.contextmanager
def cluster(folder: Path, cores: int = 2, memory: str = "1g") -> Iterator[str]:
    """A master and a worker with so many cores and so much memory for executors; yields the master's address.

    Both keep their logs and work in ``folder``, and end with the block. RuntimeError where they do not start.
    """
    with contextlib.closing(Cluster(folder, cores, memory)) as made:
        yield made.address


class Cluster:
    """A master and ``workers`` workers of so many cores and so much memory each; their logs and work are in ``folder``.

    RuntimeError where they do not start.
    """

    def __init__(self, folder: Path, cores: int = 2, memory: str = "1g", workers: int = 1) -> None:
        self.folder, self.cores, self.memory = folder, cores, memory
        port, self.page = free_port(), free_port()
        self.address = f"spark://{HERE}:{port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        arguments = ["master.Master", "--host", HERE, "--port", str(port), "--webui-port", str(self.page)]
        self.master = self._start("master", arguments)
        try:
            for _ in range(workers):
                self.start_worker()
        except RuntimeError:
            self.close()
            raise

    def start_worker(self) -> None:
        """Start another worker, and wait until the master knows it."""
        number = len(self.workers)
        alive = sum(worker.poll() is None for worker in self.workers)
        arguments = ["worker.Worker", "--host", HERE, "--webui-port", str(free_port()), "--cores", str(self.cores)]
        arguments += ["--memory", self.memory, "--work-dir", str(self.folder / f"work-{number}"), self.address]
        self.workers.append(self._start(f"worker-{number}", arguments))
        self._wait_for_workers(alive + 1)

    def wait_for_work(self, asked_by: subprocess.Popen[str]) -> None:
        """Until every worker has an executor that works on something, by its own log.

        RuntimeError where none does in time, or the process that asks for the work ends before.
        """
        end = time.monotonic() + PATIENCE * 5
        while not all(self._works(number) for number in range(len(self.workers))):
            if asked_by.poll() is not None:
                raise RuntimeError(f"The work ended before every executor began: {asked_by.communicate()[1]}")
            if time.monotonic() > end:
                raise RuntimeError("No executor began to work.")
            time.sleep(0.1)

    def _works(self, number: int) -> bool:
        logs = (self.folder / f"work-{number}").glob("*/*/stderr")
        return any("Running task" in log.read_text() for log in logs)

    def kill_worker(self, number: int = 0) -> None:
        """Kill a worker and its executors, as when its machine goes down."""
        worker = self.workers[number]
        executors = _children(worker.pid)
        for process in (worker.pid, *executors):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        worker.wait()

    def kill_master(self) -> None:
        """Kill the master; the workers and their executors run on."""
        self.master.kill()
        self.master.wait()

    def close(self) -> None:
        """End what still runs."""
        processes = [self.master, *self.workers]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            process.wait(PATIENCE)

    def _start(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        import pyspark

        program = Path(pyspark.__file__).parent / "bin" / "spark-class"
        environment = {**os.environ, "SPARK_LOCAL_IP": HERE, "SPARK_DAEMON_MEMORY": "256m", "SPARK_NO_DAEMONIZE": "1"}
        command = [str(program), f"{_DEPLOY}.{arguments[0]}", *arguments[1:]]
        with (self.folder / f"{name}.log").open("w") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def _wait_for_workers(self, count: int) -> None:
        """Until the master's own page lists so many workers that are alive."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{HERE}:{self.page}/json/", timeout=2) as answer:
                if f'"aliveworkers" : {count}'.encode() in answer.read():
                    return
            time.sleep(0.2)
        raise RuntimeError("".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log"))))


def free_port() -> int:
    """A port of the loopback address on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def _children(pid: int) -> list[int]:
    """The processes that a process has started."""
    with contextlib.suppress(OSError):
        return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return []
