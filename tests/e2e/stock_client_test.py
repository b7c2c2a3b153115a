"""A stock gRPC client, grpc-js, speaks to the agent."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "grpc_js"
PROTO = HERE.parent.parent / "proto"


def install(folder):
    """The client with its packages; a skip, with the reason, without npm."""
    if not shutil.which("npm"):
        raise unittest.SkipTest("npm is not installed")
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    done = subprocess.run(
        ["npm", "install", "--no-progress", "--prefer-offline"], cwd=folder,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        timeout=240)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise unittest.SkipTest(f"npm cannot install grpc-js: {last}")


class StockClientTest(harness.E2eTest):

    def test_grpc_js_reads_and_follows_a_sync(self):
        folder = self.world.root / "grpc_js"
        install(folder)
        self.world.signed_up()
        value = self.world.store("username")
        done = self.world.run(
            [shutil.which("node"), "client.mjs", str(PROTO),
             str(self.world.socket), "username", "nothing"],
            cwd=folder,
            env=self.world.environment(PATH=os.environ["PATH"]))
        self.assertEqual(done.code, 0, done.err)
        said = json.loads(done.out)
        self.assertEqual(said["reads"][0]["value"], value)
        self.assertEqual(said["reads"][1], {
            "code": "NOT_FOUND",
            "message": "there is no credential named nothing",
            "remedy": "librettoctl cloud credentials list"})
        self.assertEqual(said["sync"]["last"]["known"], 1)


if __name__ == "__main__":
    harness.main()
