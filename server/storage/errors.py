"""What can go wrong between the service and Postgres."""


class DatabaseUnavailable(Exception):
    """The database does not answer: nothing was acknowledged. Try again in a few seconds; see that Postgres runs."""


class NotLeading(Exception):
    """Another master has taken the lead: this one must exit and write nothing more."""


class Unstorable(Exception):
    """A value is there already, or is none that the database can store; the message says which."""
