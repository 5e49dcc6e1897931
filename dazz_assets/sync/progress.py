"""What a long piece of work tells about itself while it runs."""


class Progress:
    """Called from the thread that does the work, and from fetching threads. This one tells nobody."""

    def began(self, connection: str, work: str) -> None:
        """Work on a stream or parser begins, as `snyk/acme` and `issues`."""

    def page(self, connection: str, stream: str, *, records: int, bytes_: int) -> None:
        """A page arrived, with so many records."""

    def parsed(self, connection: str, parser: str, *, objects: int) -> None:
        """So many more objects came out of a parser."""

    def waiting(self, connection: str, seconds: float, reason: str) -> None:
        """Nothing happens for so many seconds, and why (a rate limit, a retry, another sync of the connection)."""

    def ended(self, connection: str, work: str) -> None:
        """Work on a stream or parser ended, well or not."""
