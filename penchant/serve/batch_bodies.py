"""Batch bodies: what is asked of /v1/files and /v1/batches and answered there, as OpenAI's API has it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=512)]
Instant = int | None
"""Epoch seconds; None where it did not come to that."""


class BatchAsked(BaseModel):
    """A batch. `metadata` may name a `use_case` and a `priority`."""

    model_config = ConfigDict(extra="ignore", strict=True)

    input_file_id: Text = Field(description="the id of a file of /v1/files whose purpose is batch")
    endpoint: Literal["/v1/chat/completions", "/v1/completions"] = Field(
        description="/v1/chat/completions or /v1/completions"
    )
    completion_window: Literal["24h"] = Field(description="24h")
    metadata: dict[Annotated[str, Field(max_length=64)], Text] | None = Field(
        None, max_length=16, description="up to 16 texts of up to 512 characters, under names of up to 64"
    )


class FileShown(BaseModel):
    """A file that was uploaded, or that a batch has written. `bytes` is its length."""

    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: Literal["batch", "batch_output"]
    status: Literal["processed"]


class FileDeleted(BaseModel):
    """A file that is no longer there."""

    id: str
    object: Literal["file"]
    deleted: bool


class BatchError(BaseModel):
    """Why a batch has failed."""

    code: str
    message: str
    param: str | None
    line: int | None


class BatchErrors(BaseModel):
    """All that a batch has failed by."""

    object: Literal["list"]
    data: list[BatchError]


class RequestCounts(BaseModel):
    """Requests of a batch: how many there are, were answered, and came to an error."""

    total: int
    completed: int
    failed: int


class BatchShown(BaseModel):
    """A batch as it stands. Its files are there once it has ended, where they are not empty."""

    id: str
    object: Literal["batch"]
    endpoint: str
    errors: BatchErrors | None
    input_file_id: str
    completion_window: Literal["24h"]
    status: Literal["validating", "in_progress", "completed", "failed", "expired", "cancelled"]
    output_file_id: str | None
    error_file_id: str | None
    created_at: int
    in_progress_at: Instant
    expires_at: Instant
    completed_at: Instant
    failed_at: Instant
    expired_at: Instant
    cancelled_at: Instant
    request_counts: RequestCounts
    metadata: dict[str, str]


class _Page(BaseModel):
    """Some of a list, the newest first; `has_more` says that others come behind `last_id`."""

    object: Literal["list"]
    first_id: str | None
    last_id: str | None
    has_more: bool


class FilePage(_Page):
    """Files that the team has uploaded."""

    data: list[FileShown]


class BatchPage(_Page):
    """Batches of the team."""

    data: list[BatchShown]
