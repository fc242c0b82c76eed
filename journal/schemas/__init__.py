"""JSON Schemas: what a schema may be, and what of a document does not fit it. The only room with jsonschema.

A schema comes out of the repository, so it counts as hostile: it reaches no file and no network, and the work that it
can cause is bounded.
"""
