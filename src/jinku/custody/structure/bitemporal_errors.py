"""What effective time refuses."""

from jinku.custody.errors import CustodyError


class BooksTooBusy(CustodyError):
    """A back-dated entry could not be checked against books that kept changing."""

    code = "books_too_busy"
    http_status = 503

    def __init__(self, tries: int, fault: str = "") -> None:
        what = f"the check failed with {fault}" if fault else f"the books changed under {tries} checks"
        super().__init__(f"a back-dated entry was not booked: {what}", remedy="send it again a little later")
