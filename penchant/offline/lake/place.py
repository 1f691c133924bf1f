"""Place: where a lake's files are, a folder of this machine or anything that pyarrow.fs knows, such as S3 or GCS."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penchant.offline.export.files import pyarrow
from streams.errors import LakeUnavailable, SettingInvalid

REMEDY = "give a folder, or s3://bucket/path, gs://bucket/path; credentials are those of the environment"


class Place:
    """Files by their names below a root. It blocks: call it in a thread. Raises LakeUnavailable.

    A file appears whole or not at all: object stores show it when it is closed, and in a folder it gets its name then.
    """

    def __init__(self, uri: str) -> None:
        """SettingInvalid where the URI is none; PlatformLacks without pyarrow."""
        self.uri = uri
        arrow, self._parquet = pyarrow()
        from pyarrow import fs  # noqa: PLC0415 # the same extra

        self._kinds, self._arrow = fs, arrow
        try:
            self._files, root = fs.FileSystem.from_uri(uri if "://" in uri else Path(uri).resolve().as_uri())
        except (OSError, ValueError, arrow.ArrowException) as exc:
            raise SettingInvalid(f"{uri} is no place for files: {exc}", REMEDY) from exc
        self._root = root.rstrip("/")
        self._local = isinstance(self._files, fs.LocalFileSystem)

    def read(self, name: str) -> bytes | None:
        """What a file holds; None where there is none."""
        with self._errors():
            if self._files.get_file_info(self._path(name)).type is self._kinds.FileType.NotFound:
                return None
            with self._files.open_input_stream(self._path(name)) as file:
                return bytes(file.read())

    def write(self, name: str, data: Any) -> None:
        """Write a file, in the place of one of that name."""
        with self._errors():
            path = self._path(name)
            written = f"{path}.new" if self._local else path
            if self._local:
                self._files.create_dir(path.rpartition("/")[0], recursive=True)
            with self._files.open_output_stream(written) as file:
                file.write(data)
            if self._local:
                self._files.move(written, path)

    def read_table(self, name: str, columns: Sequence[str] | None = None, filters: Any = None) -> Any:
        """A Parquet file as a table of Arrow's."""
        with self._errors():
            return self._parquet.ParquetDataset(
                self._path(name), filesystem=self._files, filters=filters, partitioning=None
            ).read(columns=list(columns) if columns else None)

    def write_table(self, name: str, table: Any) -> int:
        """Write a table as Parquet; returns its bytes."""
        with self._errors():
            buffer = self._arrow.BufferOutputStream()
            self._parquet.write_table(table, buffer, compression="zstd")
            data = buffer.getvalue()
        self.write(name, data)
        return int(data.size)

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone stays so."""
        with self._errors():
            try:
                self._files.delete_file(self._path(name))
            except FileNotFoundError:
                return

    def names(self) -> list[str]:
        """Every file below the root."""
        with self._errors():
            selector = self._kinds.FileSelector(self._root, recursive=True, allow_not_found=True)
            found = self._files.get_file_info(selector)
        return [each.path.removeprefix(f"{self._root}/") for each in found if each.is_file]

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, self._arrow.ArrowException) as exc:
            raise LakeUnavailable(f"{self.uri}: {exc}") from exc
