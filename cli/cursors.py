"""What the verbs of ``journal cursors`` share."""

from .declare import Argument

NAME = Argument("name", "The name of a cursor.", complete="cursor")
