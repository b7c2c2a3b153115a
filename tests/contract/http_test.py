"""libretto-cloud and the reference cloud, asked the same.

Each case of cases/ is run against both. Where our answer differs, the step says
what it is instead and names the entry of docs/contract-differences.md with the
reason; every other difference fails, and so does an entry that is out of use.
"""

import difflib
import pathlib
import re
import shutil
import tempfile
import unittest

import answers
import cases
import clouds
import harness
from conversation import Conversation
from differences import EVERYWHERE

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs" / "contract-differences.md"
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def documented():
    """The ids of the entries: `## malformed-json-400`."""
    return set(re.findall(r"^## ([a-z0-9-]+)$", DOCUMENT.read_text("utf-8"),
                          re.MULTILINE))


class TwoServers(unittest.TestCase):
    """Both, running, for as long as the tests of one class."""

    base_url = None

    @classmethod
    def setUpClass(cls):
        root = pathlib.Path(tempfile.mkdtemp(prefix="libretto-contract-"))
        cls.addClassCleanup(shutil.rmtree, root, ignore_errors=True)
        cls.servers = []
        for kind in (clouds.ReferenceCloud, clouds.LibrettoCloud):
            folder = root / kind.__name__
            folder.mkdir()
            cloud = kind(folder, cls.base_url)
            cls.addClassCleanup(cloud.stop)
            cloud.start(ENVIRONMENT)
            cls.servers.append(cloud)

    def run_case(self, name, case):
        spoken = []
        for cloud in self.servers:
            conversation = Conversation(cloud, name)
            case(conversation)
            spoken.append(conversation.steps)
        for theirs, ours in zip(*spoken, strict=True):
            with self.subTest(theirs.what):
                self.compare(theirs, ours)

    def compare(self, theirs, ours):
        self.assertEqual(theirs.answer["status"], theirs.expected,
                         f"the reference said {theirs.answer}")
        differences = (*theirs.differences, EVERYWHERE)
        for difference in differences:
            self.assertIn(difference.reason, documented())
            changed = answers.with_differences(theirs.answer, [difference])
            self.assertNotEqual(changed, theirs.answer,
                                f"{difference.reason}: the reference says the "
                                "same by now")
        wanted = answers.with_differences(theirs.answer, differences)
        # As text, because the order of members counts.
        wanted, got = answers.as_text(wanted), answers.as_text(ours.answer)
        if wanted != got:
            self.fail("\n" + "\n".join(difflib.unified_diff(
                wanted, got, "wanted", "libretto-cloud", lineterm="", n=99)))


class HttpTest(TwoServers):
    """Everything, under http."""


class UnderHttpsTest(TwoServers):
    """Behind a proxy that ends TLS: the base URL decides."""

    base_url = "https://cloud.example.test"


class DifferencesTest(unittest.TestCase):

    def test_every_entry_is_named_by_a_case(self):
        named = set()
        for file in (HERE / "differences.py", *(HERE / "cases").glob("*.py")):
            named.update(re.findall(r'Differs\(\s*"([a-z0-9-]+)"',
                                    file.read_text("utf-8")))
        self.assertEqual(named, documented())


def add_cases(test, modules):
    for module in modules:
        for name, case in vars(module).items():
            mine = getattr(case, "__module__", None) == module.__name__
            if not mine or name.startswith("_"):
                continue

            def run(self, name=name, case=case):
                self.run_case(name, case)
            run.__doc__ = case.__doc__
            setattr(test, f"test_{name}", run)


add_cases(HttpTest, cases.UNDER_HTTP)
add_cases(UnderHttpsTest, cases.UNDER_HTTPS)


if __name__ == "__main__":
    harness.main()
