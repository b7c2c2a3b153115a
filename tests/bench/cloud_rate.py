"""libretto-cloud beside a server that does nothing but answer."""

import pathlib
import re
import socket
import subprocess

import harness
from measure import Row, alternate
from stage import CloudClient

CONNECTIONS = 32
SCRIPT = pathlib.Path(__file__).with_name("post.lua")

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes auto;
events {{ worker_connections 256; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    default_type application/json;
    location / {{ return 200 '{body}'; }}
  }}
}}
"""


def rows(stage, effort):
    key = stage.api_key()
    cloud = CloudClient(stage.cloud_port(), key)
    size = len(cloud.post("/v1/credentials/get", {"name": "warm"}))
    cloud.close()
    port = start_nginx(stage, size)

    def ask(at):
        return lambda: wrk(at, key, effort(3, 1))

    ours, theirs = alternate(effort(5, 2), ask(stage.cloud_port()), ask(port))
    yield Row("cloud", "libretto-cloud: credentials/get per second, SQLite, "
              f"{CONNECTIONS} connections",
              "nginx answering a static body of the same size", 0.25, ours,
              theirs, "/s", at_least=True)


def start_nginx(stage, size):
    folder = stage.world.root / "nginx"
    folder.mkdir()
    # nginx takes no port of the system's choice.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, port=port,
                                     body="x" * size))
    nginx = stage.start(["/usr/sbin/nginx", "-p", folder, "-c", settings],
                        stderr=subprocess.DEVNULL)

    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    harness.wait_for(answers, "nginx", alive=nginx)
    return port


def wrk(port, key, seconds):
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", SCRIPT,
         f"http://127.0.0.1:{port}/v1/credentials/get"],
        capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "API_KEY": key})
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"wrk: {done.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
