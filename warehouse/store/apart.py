"""The lake read in a process of its own, for a process that has the state database open all the time.

DuckDB brings its own SQLite. Two copies of SQLite in one process that open the same file take each other's locks away
(sqlite.org/howtocorrupt.html, 2.2.1), and the next process that opens the file may cut its shared memory under us. So
the lake, whose scanner opens the state database, stays out of such a process.
"""

from __future__ import annotations

import itertools
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from warehouse.errors import KwhouseError, StoreError
from warehouse.settings import Settings
from warehouse.store.connection import Lake, open_lake
from warehouse.store.sight import Sight

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
_AT_A_TIME: Final = 4
_ANSWER_SECONDS: Final = 600.0  # a large extract takes minutes


class ReaderFailed(StoreError):
    """The process that reads the lake could not answer; the next question may be answered."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"The lake cannot be read at the moment ({reason}). Try again.")
        self.reason = reason


class LakeApart:
    """Questions to the lake, asked of a process that starts with the first one. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = threading.Lock()
        self._reader: _Reader | None = None

    def ask(
        self,
        sight: Sight,
        question: Callable[Concatenate[Lake, Asked], Answer],
        *about: Asked.args,
        **named: Asked.kwargs,
    ) -> Answer:
        """What `question` gives for the lake as `sight` shows it. It must stand in a module, and what it is given and
        gives must be such that it can be pickled.

        Raises what it raises of `warehouse.errors` (with its message, without its facts), else `ReaderFailed`.
        """
        with self._turn:
            if self._reader is None or not self._reader.is_there:
                self._reader = _Reader(self._settings)
            answer = self._reader.send(sight, question, about, named)
        try:
            found: Answer = answer.result(_ANSWER_SECONDS)
        except TimeoutError:
            raise ReaderFailed("no answer came") from None
        return found

    def close(self) -> None:
        """End the process; another question starts a new one."""
        with self._turn:
            if self._reader is not None:
                self._reader.close()
            self._reader = None


class _Reader:
    """The process, and the thread that takes its answers."""

    def __init__(self, settings: Settings) -> None:
        # spawn: a fork would have the state database's connections of this process.
        apart = multiprocessing.get_context("spawn")
        self._pipe, theirs = apart.Pipe()
        self._process = apart.Process(target=_serve, args=(settings, theirs), daemon=True, name="lake reader")
        self._process.start()
        theirs.close()
        self._numbers = itertools.count()
        self._open: dict[int, Future[Any]] = {}
        self.is_there = True
        self._taking = threading.Thread(target=self._take, name="answers of the lake", daemon=True)
        self._taking.start()

    def send(self, sight: Sight, question: object, about: object, named: object) -> Future[Any]:
        """Ask; one caller at a time."""
        answer: Future[Any] = Future()
        number = next(self._numbers)
        self._open[number] = answer
        try:
            self._pipe.send((number, sight, question, about, named))
        except OSError as error:
            self._open.pop(number, None)
            raise ReaderFailed(str(error)) from error
        return answer

    def _take(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                number, is_good, told = self._pipe.recv()
                answer = self._open.pop(number)
                if is_good:
                    answer.set_result(told)
                else:
                    answer.set_exception(_read_error(*told))
        self.is_there = False
        while self._open:
            _, answer = self._open.popitem()
            answer.set_exception(ReaderFailed("it has ended"))

    def close(self) -> None:
        self.is_there = False
        # The process ends when its pipe does, and with it the thread that takes its answers.
        with suppress(OSError):
            self._pipe.send(None)
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._taking.join(5)
        self._pipe.close()
        self._process.close()


def _read_error(kind: type[KwhouseError] | None, message: str) -> KwhouseError:
    if kind is None:
        return ReaderFailed(message)
    # Its own way to be made takes facts that stayed behind.
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    return error


def _serve(settings: Settings, pipe: Connection) -> None:
    """Answer until the asking process says so, or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asking process
    desk = _Desk(settings, pipe)
    with suppress(EOFError, OSError), ThreadPoolExecutor(_AT_A_TIME) as threads:
        while (asked := pipe.recv()) is not None:
            threads.submit(desk.answer, *asked)


class _Desk:
    """The other end: answers several questions at a time."""

    def __init__(self, settings: Settings, pipe: Connection) -> None:
        self._settings, self._pipe = settings, pipe
        self._opening, self._telling = threading.Lock(), threading.Lock()
        self._lake: Lake | None = None

    def answer(
        self, number: int, sight: Sight, question: Callable[..., Any], about: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        try:
            told = self._told(number, sight, question, about, named)
        except KwhouseError as error:
            told = pickle.dumps((number, False, (type(error), str(error))))
        except Exception as error:
            told = pickle.dumps((number, False, (None, f"{type(error).__name__}: {error}")))
        with self._telling, suppress(OSError):
            self._pipe.send_bytes(told)

    def _told(
        self, number: int, sight: Sight, question: Callable[..., Any], about: tuple[Any, ...], named: dict[str, Any]
    ) -> bytes:
        with self._opening:
            if self._lake is None:
                self._lake = open_lake(self._settings, read_only=True)
            seen = self._lake.seen_with(sight)
        try:
            return pickle.dumps((number, True, question(seen, *about, **named)))
        finally:
            seen.close()
