"""Starts ``spookynet serve`` and shares one such server among all users of this process."""

from __future__ import annotations

import atexit
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from .errors import ServerStartError

#: A server that nobody is connected to ends by itself after this many seconds: nothing else ends it when this process
#: is killed so that it can not do it itself.
IDLE_EXIT = 60

#: Seconds until a server has to be ready. The first start of an installation downloads Deno.
START_TIMEOUT = 300

#: Seconds that a server gets to finish what it computes.
_STOP_TIMEOUT = 10

#: Begins the line that the server prints when it can be connected to.
_READY = "listening on "

#: Begins the lines by which the server warns.
_WARNING = b"warning: "


def find_command(command=None):
    """Finds the ``spookynet`` program.

    Parameters
    ----------
    command : str, path or sequence of str, optional
        The program, or the program and its first arguments. Without it the environment variable SPOOKYNET_COMMAND says
        so, else it is ``spookynet`` on PATH, or that of the repository that this package lies in.

    Returns
    -------
    list of str
        The program and its first arguments.

    Raises
    ------
    ServerStartError
        If there is none.
    """
    if command is not None and not isinstance(command, (str, os.PathLike)):
        return [os.fspath(word) for word in command]
    told = command or os.environ.get("SPOOKYNET_COMMAND")
    if told:
        told = os.fspath(told)
        words = [told] if os.path.exists(told) else shlex.split(told)
        program = shutil.which(words[0]) if words else None
        if program is None:
            raise ServerStartError(f"Expected the spookynet program at {told} but there is none that can be run")
        return [program, *words[1:]]
    here = Path(__file__).resolve().parents
    in_repository = str(here[3] / "spookynet") if len(here) > 3 else ""
    program = shutil.which("spookynet") or shutil.which(in_repository)
    if program is None:
        raise ServerStartError(
            "Expected the spookynet program on PATH but found none: give command=, or set SPOOKYNET_COMMAND to the path "
            "of ./spookynet in the project's folder"
        )
    return [program]


class Server:
    """A ``spookynet serve`` that this process started, on a Unix socket that only this user can reach.

    It ends with ``close``, with this process, and by itself when nobody has been connected for ``IDLE_EXIT`` seconds.

    Parameters
    ----------
    model : str or path, optional
        Model file, or the name of one of ``spookynet models``; default: the built-in model.
    device : {'auto', 'gpu', 'software', 'cpu'}, optional
        Where to compute; ``cpu`` is float64.
    lr_cutoff : float, optional
        Cutoff of electrostatics and dispersion, Å.
    command : str, path or sequence of str, optional
        The program; see ``find_command``.
    electron_check : bool, optional
        Whether the server refuses charge and spin that no number of electrons can have; default true.
    strict : bool, optional
        Whether the server refuses structures outside what the model was trained on; default false.

    Attributes
    ----------
    address : str
        What a ``Client`` connects to, ``unix:/full/path``.

    Raises
    ------
    ServerStartError
        If the program was not found, ended, or was not ready in time. The message has the last line it wrote.
    """

    def __init__(
        self, model=None, device=None, lr_cutoff=None, command=None, electron_check=True, strict=False
    ):
        self._users = 0
        self._owner = os.getpid()
        self._folder = _private_folder()
        self.address = f"unix:{self._folder}/socket"
        self._log = os.path.join(self._folder, "log")
        self._read = 0
        words = [*find_command(command), "serve", "--listen", self.address, "--idle-exit", str(IDLE_EXIT)]
        for name, value in (("model", model), ("device", device), ("lr-cutoff", lr_cutoff)):
            if value is not None:
                words += [f"--{name}", os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
        if not electron_check:
            words.append("--no-electron-check")
        if strict:
            words.append("--strict")
        try:
            with open(self._log, "wb") as log:
                # A session of its own: Ctrl-C is for Python, which may still want to compute.
                self._process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            _running.add(self)
            self._await_ready(words[0])
        except OSError as error:
            self.close()
            raise ServerStartError(f"Expected to start {words[0]} but found: {error}") from error
        except BaseException:
            self.close()
            raise

    @classmethod
    def shared(cls, model=None, device=None, lr_cutoff=None, command=None, electron_check=True, strict=False):
        """The one server of this process for these options, started if there is none; ``release`` it after use."""
        model = _absolute(model)
        key = (model, device, lr_cutoff, tuple(find_command(command)), electron_check, strict)
        with _lock:
            server = _shared.get(key)
            if server is None or not server.is_running():
                users = server._users if server is not None else 0
                if server is not None:
                    server.close()
                server = _shared[key] = cls(model, device, lr_cutoff, command, electron_check, strict)
                server._users = users
            server._users += 1
            return server

    def release(self, stop=True):
        """Ends one use of a shared server.

        Parameters
        ----------
        stop : bool
            Whether to end the server with its last user, or to leave it for the next one.
        """
        if not self.is_own():
            return
        with _lock:
            self._users -= 1
            if stop and self._users <= 0:
                self.close()

    def is_running(self):
        """Whether the server's process has not ended."""
        return self._process.poll() is None

    def is_own(self):
        """Whether this process started the server, not the one that this process was forked from."""
        return self._owner == os.getpid()

    def obituary(self):
        """How the server's process ended, if it did or does within a second; otherwise nothing."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return ""
        return f"it ended with code {code}: {self.last_words() or 'it wrote nothing'}"

    def warnings(self):
        """The warnings that the server has written since the last call, such as those about a structure outside what the
        model was trained on."""
        try:
            with open(self._log, "rb") as log:
                log.seek(self._read)
                text = log.read()
        except FileNotFoundError:
            return []
        lines = text[: text.rfind(b"\n") + 1]
        self._read += len(lines)
        return [line[len(_WARNING) :].decode("utf-8", "replace") for line in lines.splitlines() if line.startswith(_WARNING)]

    def last_words(self):
        """The last line that the server wrote; empty if there is none."""
        lines = [line for line in self._output().splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""

    def close(self):
        """Ends the server: it finishes what it computes, and is killed if that takes longer than 10 s."""
        if not self.is_own():
            return
        _running.discard(self)
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                # Its group: the launcher may have programs of its own running.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _await_ready(self, program):
        deadline = time.monotonic() + START_TIMEOUT
        while not any(line.startswith(_READY) for line in self._output().splitlines()):
            if not self.is_running():
                raise ServerStartError(
                    f"Expected {program} serve to be ready but it ended with code {self._process.returncode}: "
                    f"{self.last_words() or 'it wrote nothing'}"
                )
            if time.monotonic() > deadline:
                raise ServerStartError(
                    f"Expected {program} serve to be ready within {START_TIMEOUT} s but it was not: "
                    f"{self.last_words() or 'it wrote nothing'}"
                )
            time.sleep(0.01)

    def _output(self):
        try:
            return Path(self._log).read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""


_lock = threading.RLock()
_shared = {}
_running = set()


def _close_all():
    for server in list(_running):
        server.close()


def _forget_all():
    """In a forked process: the servers are the parent's."""
    global _lock
    _lock = threading.RLock()
    for server in _running:
        # Not a child of this process: there is nothing to wait for, nor to warn about.
        server._process.returncode = 0
    _shared.clear()
    _running.clear()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)


def _private_folder():
    folder = tempfile.mkdtemp(prefix="spookynet-")
    # A socket's path has at most 107 bytes.
    if len(os.fsencode(folder)) > 100:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="spookynet-", dir="/tmp")
    return folder


def _absolute(model):
    """A file's full path, so that one file is one server; a name stays as it is."""
    if model is None:
        return None
    model = os.fspath(model)
    return os.path.abspath(os.path.expanduser(model)) if os.path.exists(os.path.expanduser(model)) else model
