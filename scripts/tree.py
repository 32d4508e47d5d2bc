"""The program's window as a screen reader knows it: the accessibility tree, and what can be pressed in it."""

import os
import re
import signal
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

Role = Atspi.Role

# A full database is waited for up to two minutes; a deployment and 16 s of samples come on top.
PATIENCE = 180


class Window:
    def __init__(self, program, *arguments, **environment):
        self.name = os.path.basename(program)
        self.process = subprocess.Popen(
            [program, *arguments], stdin=subprocess.DEVNULL, env={**os.environ, **environment}
        )
        self.app = None
        try:
            self.app = self.wait(f"the window of {self.name}", self.found, 60)
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def found(self):
        desktop = Atspi.get_desktop(0)
        for index in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(index)
            if app and app.get_name() == self.name and app.get_process_id() == self.process.pid:
                return app
        return None

    def wait(self, what, look, limit=PATIENCE):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if self.process.poll() is not None:
                fail(f"the program ended with {self.process.returncode} while waiting for {what}")
            try:
                found = look()
            except GLib.GError:  # the tree changed under us: look again
                found = None
            if found:
                return found
            time.sleep(0.1)
        fail(f"waited {limit} s for {what}; the window says:\n" + self.everything())

    def nodes(self, node=None):
        node = node or self.app
        if not node:
            return
        yield node
        for index in range(node.get_child_count()):
            child = node.get_child_at_index(index)
            if child:
                yield from self.nodes(child)

    def everything(self):
        try:
            named = [node for node in self.nodes() if node.get_name()]
            return "\n".join(f"  {node.get_role_name()}: {node.get_name()}" for node in named)
        except GLib.GError:
            return "  (the tree changed while it was read)"

    def control(self, role, pattern):
        """The last of that role and name that can be used: the footer comes last in the tree."""
        found = None
        for node in self.nodes():
            if node.get_role() == role and re.fullmatch(pattern, node.get_name() or ""):
                if node.get_state_set().contains(Atspi.StateType.SENSITIVE):
                    found = node
        return found

    def button(self, pattern):
        return self.control(Role.PUSH_BUTTON, pattern)

    def says(self, pattern):
        return next((node for node in self.nodes() if re.search(pattern, node.get_name() or "")), None)

    def press(self, button):
        if not Atspi.Action.do_action(button, 0):
            fail(f"“{button.get_name()}” can't be pressed")

    def fill(self, field, text):
        if not Atspi.EditableText.set_text_contents(field, text):
            fail(f"“{field.get_name()}” can't be filled")

    def end(self):
        """Closes the program as a session's end would, and sees it go."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)


def fail(why):
    raise SystemExit(f"{os.path.basename(sys.argv[0])}: {why}")
