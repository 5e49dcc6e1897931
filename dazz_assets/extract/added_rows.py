"""What a list added to a pass that replaces all that is stored, until it is known whether the list counts."""

from array import array


class AddedRows:
    """The rows that the current list of a source added: their sequence numbers, content hashes, and keys new with them.

    repeated, problems: how many of them count as such in the report.
    """

    def __init__(self, list_number: int) -> None:
        self.list_number = list_number
        self.sequences, self.hashes, self.key_hashes = array("q"), array("q"), array("q")
        self.repeated = self.problems = 0
