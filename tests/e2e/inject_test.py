"""`inject` fills a template, or leaves everything as it was."""

import harness


class InjectTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.world.signed_up()
        self.folder = self.world.root / "folder"
        self.folder.mkdir()
        self.template = self.folder / "template"
        self.out = self.folder / "out"

    def test_a_template_becomes_a_file_for_its_owner_alone(self):
        user = self.world.store("username")
        tricky = "{{ libretto://username }}\n$HOME `x` \"'\\"
        self.world.store("tricky", tricky)
        text = ("user={{ libretto://username }}\r\n"
                "other={{ name }} t={{libretto://tricky}}")
        self.template.write_text(text, newline="")
        self.world.must("inject", "-i", self.template, "-o", self.out)
        self.assertEqual(
            self.out.read_bytes().decode(),
            f"user={user}\r\nother={{{{ name }}}} t={tricky}")
        self.assertEqual(self.out.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.template.read_bytes().decode(), text)

    def test_it_is_a_filter_too(self):
        value = self.world.store("username")
        self.assertEqual(
            self.world.must("inject", stdin="a {{ libretto://USERNAME }}\n\n"),
            f"a {value}\n\n")

    def test_all_that_is_missing_is_named_at_once_and_nothing_is_written(self):
        value = self.world.store("username")
        self.template.write_text("{{ libretto://two }}{{ libretto://username }}"
                                 "{{ libretto://one }}")
        self.out.write_text("before")
        result = self.world.ctl("inject", "-i", self.template, "-o", self.out)
        self.assert_exit(5, result)
        self.assert_explained(result)
        self.assertIn("does not exist: one, two", result.err)
        self.assertNotIn(value, result.err)
        self.assertEqual(self.out.read_text(), "before")
        self.assertEqual(sorted(self.folder.iterdir()),
                         [self.out, self.template])

    def test_a_template_may_be_filled_in_its_place(self):
        value = self.world.store("username")
        self.template.write_text("{{ libretto://username }}")
        self.world.must("inject", "-i", self.template, "-o", self.template)
        self.assertEqual(self.template.read_text(), value)

    def test_a_mistake_is_found_by_its_line(self):
        self.template.write_text("fine\n{{ libretto://no such }}\n")
        result = self.world.ctl("inject", "-i", self.template)
        self.assert_exit(64, result)
        self.assert_explained(result)
        self.assertIn("template: line 2: ", result.err)


if __name__ == "__main__":
    harness.main()
