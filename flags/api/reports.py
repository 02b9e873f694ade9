"""Reading an SDK's report from a request: plain or gzip, within its limits."""

import gzip
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

import msgspec
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from flags.limits import MAX_REPORT_BYTES, MAX_REPORT_ROWS
from flags.usage.reports import Report
from flagsite.lib.problems import InvalidInput, TooLarge


class ReportParser(BaseParser):
    """Hand the body on as bytes, unpacked; a small body may not unpack to a huge one."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return at most the allowed number of bytes.

        Raises:
            ParseError: when the body is not the gzip that it says.
            TooLarge: when it is over the limit.
        """
        del media_type
        request = (parser_context or {})["request"]
        source: BytesIO | gzip.GzipFile = BytesIO(stream.read(MAX_REPORT_BYTES + 1))
        if request.headers.get("Content-Encoding") == "gzip":
            source = gzip.GzipFile(fileobj=source)
        try:
            body = source.read(MAX_REPORT_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ParseError(f"The body is not gzip: {error}") from None
        if len(body) > MAX_REPORT_BYTES:
            raise TooLarge(f"A report has at most {MAX_REPORT_BYTES} bytes, unpacked.")
        return body


def report_of(body: bytes) -> Report:
    """Return the report of a body.

    Raises:
        InvalidInput: naming the first place that is wrong.
        TooLarge: when it has too many rows.
    """
    try:
        report = msgspec.json.decode(body, type=Report)
    except (UnicodeDecodeError, RecursionError):
        raise InvalidInput.at("", "The report is not valid UTF-8, or nested too deeply.") from None
    except msgspec.DecodeError as error:
        message, _, place = str(error).partition(" - at `")
        raise InvalidInput.at(place.rstrip("`").removeprefix("$."), message) from None
    if len(report.counts) + len(report.events) + len(report.evaluations) > MAX_REPORT_ROWS:
        raise TooLarge(f"A report has at most {MAX_REPORT_ROWS} counts, events and evaluations together.")
    return report
