"""Ask a server from another program: the API with types. Needs neither torch nor LanceDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from maskreid.errors import MaskreidError
from maskreid.web.schemas import AnswerOut, EntryOut, JudgementOut, JudgementsOut, OverviewOut, QueryOut, RemovedOut

SECONDS = 60.0  # that an answer may take

Out = TypeVar("Out", bound=BaseModel)


class Client:
    """A connection to ``maskreid serve``; close it, or use it in ``with``.

    Every method raises a `MaskreidError` that says what the server said, or that it does not answer.
    """

    def __init__(self, address: str = "http://127.0.0.1:8000", token: str | None = None) -> None:
        """Connect when something is asked.

        Args:
            address: of the server, without ``?token=``.
            token: if it requires one.
        """
        headers = {b"authorization": f"Bearer {token}".encode()} if token else {}
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=SECONDS)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def send(self, *images: str | Path | bytes) -> QueryOut:
        """Send images of one person, files or their bytes, as a query."""
        files = []
        for number, image in enumerate(images, 1):
            name, content = (f"image {number}", image) if isinstance(image, bytes) else _read(Path(image))
            files.append(("images", (name, content, "application/octet-stream")))
        return self._ask(QueryOut, "POST", "/api/queries", files=files)

    def correct_mask(self, query: str, number: int, png: bytes) -> QueryOut:
        """Use another mask for one image of a query: a PNG of its size, white on the person."""
        headers = {"content-type": "image/png"}
        return self._ask(QueryOut, "PUT", f"/api/queries/{query}/images/{number}/mask", content=png, headers=headers)

    def use_mask(self, query: str, number: int, on: bool) -> QueryOut:
        """Use the image's mask, as it was drawn or corrected, or none."""
        return self._ask(QueryOut, "POST", f"/api/queries/{query}/images/{number}/masked", params={"on": on})

    def forget(self, query: str) -> None:
        """Forget a query now."""
        self._answer("DELETE", f"/api/queries/{query}")

    def search(
        self,
        query: str = "",
        *,
        like: Sequence[str] = (),
        unlike: Sequence[str] = (),
        cameras: Sequence[int] = (),
        after: str | float = "",
        before: str | float = "",
        tags: Sequence[str] = (),
        least: float = -1,
        top: int = 60,
    ) -> AnswerOut:
        """Search for a query that was sent, for what is like some entries, or both."""
        asked = {
            "q": query,
            "like": list(like),
            "unlike": list(unlike),
            "camera": list(cameras),
            "after": str(after),
            "before": str(before),
            "tag": list(tags),
            "least": least,
            "top": top,
        }
        return self._ask(AnswerOut, "GET", "/api/search", params=asked)

    def entry(self, id_: str) -> EntryOut:
        """Return what is known of an entry."""
        return self._ask(EntryOut, "GET", f"/api/entries/{id_}")

    def overview(self) -> OverviewOut:
        """Return what the gallery holds."""
        return self._ask(OverviewOut, "GET", "/api/overview")

    def judge(
        self,
        what: Literal["same", "different", "split"],
        entries: Sequence[str],
        *,
        than: Sequence[str] = (),
        identity: str | None = None,
        who: str | None = None,
    ) -> JudgementOut:
        """Say that entries show one person, are not the person of ``than``, or are another than their name says."""
        said = {"what": what, "entries": list(entries), "than": list(than), "identity": identity, "who": who}
        return self._ask(JudgementOut, "POST", "/api/judgements", json=said)

    def undo(self, judgement: str | None = None, who: str | None = None) -> JudgementOut:
        """Take back a judgement, by default the last that stands."""
        return self._ask(JudgementOut, "POST", "/api/judgements/undo", json={"id": judgement, "who": who})

    def judgements(self) -> list[JudgementOut]:
        """Return what was said, the last first."""
        return self._ask(JudgementsOut, "GET", "/api/judgements").judgements

    def remove(self, entries: Sequence[str]) -> int:
        """Remove entries and every trace of them for good; return how many."""
        said = {"entries": list(entries), "confirm": len(set(entries))}
        return self._ask(RemovedOut, "POST", "/api/removals", json=said).removed

    def _ask(self, out: type[Out], method: str, path: str, **options: Any) -> Out:
        try:
            return out.model_validate_json(self._answer(method, path, **options))
        except ValidationError:
            raise MaskreidError(
                f"{self._http.base_url}: no answer that this version knows; is that a maskreid server?"
            ) from None

    def _answer(self, method: str, path: str, **options: Any) -> bytes:
        try:
            answer = self._http.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise MaskreidError(
                f"{self._http.base_url} does not answer ({error}); is maskreid serve running?"
            ) from None
        if answer.is_success:
            return answer.content
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = f"status {answer.status_code}; is that a maskreid server?"
        raise MaskreidError(f"{self._http.base_url}: {detail}")


def _read(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise MaskreidError(f"{path}: cannot be read ({error.strerror})") from None
