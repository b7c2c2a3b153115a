"""`import` moves the values of a .env file into the cloud, or changes nothing."""

import json

import harness
import terminal


class ImportTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.project = self.world.root / "project"
        self.project.mkdir()
        self.file = self.project / ".env"
        self.values = {name: self.world.secret(name)
                       for name in ("username", "password", "token")}
        self.text = (
            "# the shop\n"
            f"LIBRETTO_CLOUD_USERNAME={self.values['username']} # who\n"
            "PORT=8080\n\n"
            f"export LIBRETTO_CLOUD_PASSWORD=\"{self.values['password']}\"\n"
            f"OTHER_TOKEN='{self.values['token']}'\n")
        self.file.write_text(self.text)
        self.file.chmod(0o640)

    def test_values_go_and_references_stay(self):
        out = self.world.must("import", self.file, "--yes")
        self.assertIn(f"Found in {self.file}: username, password\n", out)
        self.assertIn("The cloud has the same 2 values.\n", out)
        for name in ("username", "password"):
            self.assertEqual(self.world.read(name), self.values[name])
            self.assertNotIn(self.values[name], out)
        self.assertEqual(
            self.file.read_text(),
            "# the shop\n"
            "LIBRETTO_CLOUD_USERNAME=libretto://username # who\n"
            "PORT=8080\n\n"
            "export LIBRETTO_CLOUD_PASSWORD=libretto://password\n"
            f"OTHER_TOKEN='{self.values['token']}'\n")
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o640)
        # And `run` gives the command what it had before.
        environment = self.world.must("run", "--env-file", self.file, "--",
                                      "/usr/bin/env").splitlines()
        self.assertIn("LIBRETTO_CLOUD_PASSWORD=" + self.values["password"],
                      environment)
        self.assertIn("PORT=8080", environment)

    def test_a_script_that_does_not_say_yes_keeps_its_file(self):
        result = self.world.ctl("import", self.file)
        self.assert_exit(0, result)
        self.assertIn("The values are still in", result.err)
        self.assertEqual(self.file.read_text(), self.text)
        self.assertEqual(self.world.read("username"), self.values["username"])

    def ask(self):
        session = terminal.Terminal(self.world, "import", self.file)
        self.addCleanup(session.close)
        session.expect("The cloud has the same 2 values.")
        session.expect("Leave references in ")
        return session

    def test_on_a_terminal_it_asks(self):
        session = self.ask()
        session.type("\n")
        self.assertEqual(session.end(), 0)
        self.assertEqual(self.file.read_text(), self.text)
        session = self.ask()
        session.type("yes\n")
        self.assertEqual(session.end(), 0)
        self.assertIn("libretto://username # who\n", self.file.read_text())

    def test_what_has_changed_meanwhile_is_left_alone(self):
        session = self.ask()
        self.file.write_text("NEW=1\n")
        session.type("yes\n")
        self.assertEqual(session.end(), 1)
        self.assertIn("has changed meanwhile", session.shown)
        self.assertEqual(self.file.read_text(), "NEW=1\n")
        self.assertEqual(list(self.project.iterdir()), [self.file])

    def test_other_variables_are_imported_when_they_are_named(self):
        out = self.world.must("import", self.file, "--also", "OTHER_TOKEN",
                              "--yes", "--json")
        document = json.loads(out)
        self.assertEqual([entry["name"] for entry in document["stored"]],
                         ["username", "password", "other_token"])
        self.assertTrue(document["replaced"])
        self.assertEqual(self.world.read("other_token"), self.values["token"])
        self.assertIn("OTHER_TOKEN=libretto://other_token\n",
                      self.file.read_text())

    def test_a_failure_leaves_the_file_as_it_was(self):
        self.world.stop_cloud()
        result = self.world.ctl("import", self.file, "--yes")
        self.assert_exit(6, result)
        self.assertEqual(self.file.read_text(), self.text)
        self.assertEqual(list(self.project.iterdir()), [self.file])

    def test_push_does_not_store_what_import_has_left(self):
        self.world.must("import", self.file, "--yes")
        result = self.world.ctl("cloud", "credentials", "push",
                                cwd=self.project)
        self.assert_exit(5, result)
        self.assertEqual(self.world.read("username"), self.values["username"])

    def test_a_file_with_nothing_to_import_says_what_to_type(self):
        self.file.write_text("PORT=80\n")
        result = self.world.ctl("import", self.file)
        self.assert_exit(5, result)
        self.assertIn("--also VARIABLE", result.err)


if __name__ == "__main__":
    harness.main()
