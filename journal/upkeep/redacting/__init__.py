"""Taking a value out of the store: deciding what it is in, noting that, and writing the files anew that hold it."""
