from __future__ import annotations

from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.reports import write_text


def test_a_file_goes_into_a_new_folder_and_nowhere_else(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "page.html", "text")
    assert (tmp_path / "new" / "page.html").read_text() == "text"
    with pytest.raises(MaskreidError, match=r"page\.html/page: cannot be written"):
        write_text(tmp_path / "new" / "page.html" / "page", "text")
