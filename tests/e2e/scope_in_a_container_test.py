"""A scope's socket, mounted into a container, works there and stays what it is.

The container is made of what a container is made of: a mount namespace with a
root of its own, a pid namespace, and for some a user namespace.
"""

import os
import shutil
import subprocess
import unittest

import harness

CTL = harness.BIN / "librettoctl"
GUEST = 4321
HAVE_ROOT = os.geteuid() == 0
MOUNTED = "/run/libretto.sock"


def may_unshare():
    return subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"],
                          check=False, capture_output=True).returncode == 0


@unittest.skipUnless(HAVE_ROOT and may_unshare(),
                     "a container needs root, and unshare")
@unittest.skipIf(harness.SANITIZED, "the command is not linked statically")
class ScopeInAContainerTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.value = self.world.store("username")
        self.other = self.world.store("other")

    def scope(self, *options, name="box"):
        return self.world.must("scope", "create", "--name", name, "--allow",
                               "username", *options).strip()

    def inside(self, socket, *command, uid=0):
        """Runs the command in a container with `socket` mounted."""
        root = self.world.root / "rootfs"
        for folder in ("bin", "run", "proc", "tmp", "home"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        root.chmod(0o755)
        (root / "tmp").chmod(0o1777)
        shutil.copy(CTL, root / "bin/librettoctl")
        (root / MOUNTED.lstrip("/")).touch()
        self.world.root.chmod(0o755)
        script = (f'mount --bind "{root}" "{root}" && '
                  f'mount --bind "{socket}" "{root}{MOUNTED}" && '
                  f'mount -t proc proc "{root}/proc" && '
                  f'exec chroot --userspec={uid}:{uid} "{root}" "$@"')
        return self.world.run(
            ["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", script,
             "sh", *command],
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/home",
                 "LIBRETTO_AGENT_SOCK": MOUNTED})

    def read(self, socket, name="username", **more):
        return self.inside(socket, "/bin/librettoctl", "read", name, **more)

    def test_the_owner(self):
        socket = self.scope()
        self.assertEqual(self.read(socket).out, self.value + "\n")
        self.assert_exit(3, self.read(socket, "other"))

    def test_another_user(self):
        refused = self.read(self.scope(name="plain"), uid=GUEST)
        self.assertNotEqual(refused.code, 0)
        self.assertNotIn(self.value, refused.out)
        socket = self.scope("--uid", GUEST)
        result = self.read(socket, uid=GUEST)
        self.assert_exit(0, result)
        self.assertEqual(result.out, self.value + "\n")
        self.assert_exit(3, self.read(socket, "other", uid=GUEST))
        # A third one may open the file, and hears nothing.
        stranger = self.read(socket, uid=GUEST + 1)
        self.assert_exit(2, stranger)
        self.assertIn(f"uid={GUEST + 1}", self.world.log_file.read_text())
        # And the owner still can.
        self.assertEqual(self.read(socket).out, self.value + "\n")

    def test_a_run_inside_passes_the_socket_on(self):
        socket = self.scope("--uid", GUEST)
        result = self.inside(
            socket, "/bin/librettoctl", "run", "--credential", "username",
            "--", "/bin/librettoctl", "read", "username", uid=GUEST)
        self.assert_exit(0, result)
        self.assertEqual(result.out, self.value + "\n")
        result = self.inside(
            socket, "/bin/librettoctl", "run", "--credential", "username",
            "--", "/bin/librettoctl", "read", "other", uid=GUEST)
        self.assert_exit(3, result)

    def test_users_of_its_own(self):
        """There the agent's user is nobody at all."""
        if subprocess.run(["unshare", "--user", "true"], check=False,
                          capture_output=True).returncode:
            self.skipTest("no user namespaces here")
        socket = self.scope("--uid", GUEST)
        child = self.in_a_user_namespace(socket)
        self.assert_exit(0, child)
        self.assertEqual(child.out, self.value + "\n")

    def in_a_user_namespace(self, socket):
        # The host's user GUEST makes it and is root inside, as rootless
        # containers have it; the folders on the way are made reachable by
        # mounts, as a container's runtime does it.
        root = self.world.root / "rootless"
        for folder in ("bin", "run", "proc", "home"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(CTL, root / "bin/librettoctl")
        (root / "run/libretto.sock").touch()
        for path in (root, *root.rglob("*")):
            os.chown(path, GUEST, GUEST)
        self.world.root.chmod(0o755)
        inner = (f'exec chroot "{root}" /bin/librettoctl read username')
        script = (f'mount --bind "{root}" "{root}" && '
                  f'mount --bind "{socket}" "{root}{MOUNTED}" && '
                  f'mount -t proc proc "{root}/proc" && '
                  f'exec setpriv --reuid={GUEST} --regid={GUEST} '
                  f'--clear-groups unshare --user --map-root-user '
                  f"/bin/sh -c '{inner}'")
        return self.world.run(
            ["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", script],
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/home",
                 "LIBRETTO_AGENT_SOCK": MOUNTED})

    def test_a_socket_of_somebody_else_that_is_no_mount(self):
        """Only what root has mounted is believed."""
        socket = self.scope("--uid", GUEST)
        folder = os.path.dirname(socket)
        for path in (self.world.runtime, self.world.socket.parent, folder,
                     self.world.root):
            os.chmod(path, 0o755)
        result = self.world.run(
            ["setpriv", f"--reuid={GUEST}", f"--regid={GUEST}",
             "--clear-groups", str(CTL), "read", "username"],
            env={"PATH": "/bin", "HOME": "/home",
                 "LIBRETTO_AGENT_SOCK": socket})
        self.assert_exit(3, result)
        self.assertIn("nothing was sent to it", result.err)


if __name__ == "__main__":
    harness.main()
