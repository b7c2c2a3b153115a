"""`run` gives a command its credentials and is gone."""

import json
import os

import harness


class RunIsInvisibleTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.values = {name: self.world.store(name)
                       for name in ("username", "password", "openai_api_key")}

    def run_it(self, *arguments, **more):
        return self.world.ctl("run", *arguments, **more)

    def environment_of(self, *arguments):
        out = self.world.must("run", *arguments, "--", "/usr/bin/env", "-0")
        return dict(entry.split("=", 1) for entry in out.split("\0") if entry)

    def test_the_named_ones_and_no_other(self):
        environment = self.environment_of("--credential", "username",
                                          "--credential", " PassWord ")
        self.assertEqual(
            {name: value for name, value in environment.items()
             if name.startswith("LIBRETTO_CLOUD_")},
            {"LIBRETTO_CLOUD_USERNAME": self.values["username"],
             "LIBRETTO_CLOUD_PASSWORD": self.values["password"]})
        self.assertEqual(environment["HOME"], str(self.world.home))

    def test_all_is_all(self):
        environment = self.environment_of("--all")
        for name, value in self.values.items():
            self.assertEqual(environment["LIBRETTO_CLOUD_" + name.upper()],
                             value)

    def test_more_than_a_connection_carries_at_once_arrive(self):
        names = [f"number_{i}" for i in range(70)]
        env = self.world.environment(
            **{f"LIBRETTO_CLOUD_{name.upper()}": "value" for name in names})
        self.world.must("cloud", "credentials", "push", env=env)
        environment = self.environment_of("--all")
        for name in names:
            self.assertEqual(environment["LIBRETTO_CLOUD_" + name.upper()],
                             "value")

    def test_a_missing_one_is_named_and_nothing_runs(self):
        marker = self.world.root / "ran"
        result = self.run_it("--credential", "username", "--credential",
                             "nobody", "--", "/usr/bin/touch", marker)
        self.assert_exit(125, result)
        self.assertIn("nobody", result.err)
        self.assertFalse(marker.exists())

    def test_the_exit_code_is_the_commands(self):
        some = ["--credential", "username", "--"]
        for code in (0, 1, 3, 7, 64, 125):
            self.assert_exit(code, self.run_it(*some, "/bin/sh", "-c",
                                               f"exit {code}"))
        self.assert_exit(-15, self.run_it(*some, "/bin/sh", "-c",
                                          "kill -TERM $$"))
        self.assert_exit(127, self.run_it(*some, "no-such-command"))
        self.assert_exit(126, self.run_it(*some, "/etc/passwd"))
        self.assert_exit(127, self.run_it(*some, "/no/such/file"))

    def test_it_is_replaced_by_the_command(self):
        out = self.world.must(
            "run", "--credential", "username", "--", "/bin/sh", "-c",
            "echo $$; cat /proc/$$/comm; echo $PPID")
        pid, name, parent = out.split()
        self.assertEqual(name, "sh")
        self.assertEqual(int(parent), os.getpid())
        self.assertNotEqual(int(pid), parent)

    def test_arguments_input_and_folder_arrive_unchanged(self):
        script = ("import json,os,sys;"
                  "print(json.dumps([sys.argv[1:],sys.stdin.read(),"
                  "os.getcwd()]))")
        words = ["", "a b", "--credential", "\"'$HOME`", "\u00e9", "-"]
        out = self.world.must("run", "--credential", "username", "--",
                              "/usr/bin/python3", "-c", script, *words,
                              stdin="input\n", cwd="/usr")
        self.assertEqual(json.loads(out), [words, "input\n", "/usr"])

    def test_no_descriptor_is_left_open(self):
        out = self.world.must("run", "--credential", "username", "--",
                              "/bin/ls", "/proc/self/fd")
        # 3 is ls reading the folder.
        self.assertEqual(out.split(), ["0", "1", "2", "3"])

    def test_without_a_login_it_runs_nothing(self):
        self.world.must("cloud", "auth", "logout")
        result = self.run_it("--credential", "username", "--", "true")
        self.assert_exit(125, result)
        self.assertIn("librettoctl cloud auth login", result.err)

    def test_a_value_with_a_nul_does_not_go_into_an_environment(self):
        self.world.store("binary", "a\0b")
        result = self.run_it("--credential", "binary", "--", "true")
        self.assert_exit(125, result)
        self.assertIn("binary", result.err)

    def test_a_name_that_shells_drop_is_refused(self):
        self.world.store("db.prod-1")
        result = self.run_it("--credential", "db.prod-1", "--", "true")
        self.assert_exit(125, result)
        self.assertIn("db.prod-1", result.err)


if __name__ == "__main__":
    harness.main()
