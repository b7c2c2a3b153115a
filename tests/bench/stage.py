"""Where the benchmarks play: a home with a cloud, an agent and a bare gRPC
server, and the programs that ask them."""

import http.client
import json
import os
import pathlib
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # pylint: disable=wrong-import-position

BIN = harness.BIN
VALUE_BYTES = 100
LIMIT_S = 120
PINNED = {0}
EVERYWHERE = os.sched_getaffinity(0)


def json_of(argv, pinned=False, **more):
    """What a benchmark program prints."""
    done = subprocess.run(
        [str(word) for word in argv], capture_output=True, text=True,
        check=False, timeout=LIMIT_S,
        preexec_fn=(lambda: os.sched_setaffinity(0, PINNED)) if pinned
        else None, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {done.stderr}")
    return json.loads(done.stdout)


def set_affinity(pid, cores):
    """Of all its threads; those to come get it from them."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), cores)


def status_of(pid):
    """/proc/PID/status of each thread, as dictionaries."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        found.append({key: value.strip() for key, _, value in
                      (line.partition(":") for line in lines)})
    return found


class Stage:
    """Closed by close(), with everything that it has started."""

    def __init__(self):
        self.world = harness.World()
        self.started = []
        self.echo_socket = self.world.root / "echo.sock"
        self.echo = None

    def close(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
                process.wait(10)
        self.world.close()

    def start(self, argv, **more):
        process = subprocess.Popen(
            [str(word) for word in argv], env=self.world.environment(),
            stdin=subprocess.DEVNULL, **more)
        self.started.append(process)
        return process

    def start_echo(self):
        self.echo = self.start([BIN / "bench_echo_server", self.echo_socket])
        harness.wait_for(self.echo_socket.exists, "the bare server",
                         alive=self.echo)

    def signed_up(self):
        self.world.signed_up()
        self.store("warm")
        self.world.read("warm")

    def store(self, name):
        self.world.store(name, "v" * VALUE_BYTES)

    def api_key(self):
        """A key of the account's own, for what goes past the agent."""
        return json.loads(self.world.must(
            "cloud", "auth", "api-key", "issue", "--label", "bench",
            "--json"))["key"]

    def cloud_port(self):
        return int(self.world.api_url.rpartition(":")[2])


class CloudClient:
    """Asks the cloud past the agent, over one connection. One thread."""

    def __init__(self, port, key):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"x-api-key": key, "Content-Type": "application/json"}

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps({"json": body}),
                                self.headers)
        reply = self.connection.getresponse()
        answer = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply.status} {answer[:200]}")
        return answer

    def close(self):
        self.connection.close()


def fill(port, key, count):
    """Makes the credentials bulk_0 to bulk_<count - 1>."""
    failures = []

    def make(numbers):
        client = CloudClient(port, key)
        try:
            for number in numbers:
                client.post("/v1/credentials/create", {
                    "name": f"bulk_{number}", "value": "v" * VALUE_BYTES})
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            failures.append(error)
        finally:
            client.close()

    workers = 8
    threads = [threading.Thread(target=make,
                                args=(range(i, count, workers),))
               for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
