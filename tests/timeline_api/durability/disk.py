"""A disk that keeps what was synced and loses the rest, as a real one does in a power cut.

It hooks into Python's own sqlite3: each file that SQLite opens gets an `xSync` that copies the file
to another folder. That folder has what the disk would have if the power failed now. See
https://www.sqlite.org/c3ref/io_methods.html and https://www.sqlite.org/c3ref/vfs.html.
"""

import _sqlite3
import ctypes
import os
import shutil
import signal
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_void_p
from pathlib import Path

SQLITE_OK = 0
Sync = CFUNCTYPE(c_int, c_void_p, c_int)
Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)


class Methods(Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", c_int),
        *((name, c_void_p) for name in ("close", "read", "write", "truncate")),
        ("sync", Sync),
        *((f"other{number}", c_void_p) for number in range(13)),
    )


class File(Structure):
    """sqlite3_file."""

    _fields_ = (("methods", POINTER(Methods)),)


class Vfs(Structure):
    """sqlite3_vfs, as far as needed here."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("path_size", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", Open),
        ("delete", Delete),
    )


class Disk:
    """Copies every file in `folder` to `kept` when SQLite syncs it. Keep a reference to it as long
    as SQLite runs: SQLite calls its functions."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self.folder, self.kept = folder, kept
        self.names: dict[int, Path] = {}
        self.deleted: list[Path] = []
        self.hooked: dict[int, Methods] = {}
        library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        library.sqlite3_vfs_find.restype = POINTER(Vfs)
        self.vfs = library.sqlite3_vfs_find(None).contents
        self.real_open = Open(ctypes.cast(self.vfs.open, c_void_p).value)
        self.open = Open(self._open)
        self.vfs.open = self.open
        self.real_delete = Delete(ctypes.cast(self.vfs.delete, c_void_p).value)
        self.delete = Delete(self._delete)
        self.vfs.delete = self.delete

    def _place(self, path: Path) -> Path:
        return self.kept / path.relative_to(self.folder)

    def fail(self) -> None:
        """Cut the power: kill the process."""
        os.kill(os.getpid(), signal.SIGKILL)

    def _open(self, vfs, name, file, flags, out_flags) -> int:
        code = self.real_open(vfs, name, file, flags, out_flags)
        if code == SQLITE_OK and name:
            opened = File.from_address(file)
            address = ctypes.addressof(opened.methods.contents)
            self.names[file] = Path(os.fsdecode(ctypes.string_at(name)))
            if address not in self.hooked:
                self.hooked[address] = self._with_hook(opened.methods.contents)
            opened.methods = ctypes.pointer(self.hooked[address])
        return code

    def _delete(self, vfs, name, synced) -> int:
        path = Path(os.fsdecode(ctypes.string_at(name)))
        if path.is_relative_to(self.folder):
            self.deleted.append(path)
        return self.real_delete(vfs, name, synced)

    def _with_hook(self, methods: Methods) -> Methods:
        """Return a copy of SQLite's own methods, with a sync that also copies the file."""
        real = Sync(ctypes.cast(methods.sync, c_void_p).value)

        def sync(file, flags) -> int:
            # A journaling file system has carried out earlier deletions by now.
            for path in self.deleted:
                self._place(path).unlink(missing_ok=True)
            self.deleted.clear()
            path = self.names[file]
            if path.is_relative_to(self.folder):
                shutil.copyfile(path, self._place(path))
            return real(file, flags)

        copied = Methods.from_buffer_copy(methods)
        copied.sync = Sync(sync)
        return copied
