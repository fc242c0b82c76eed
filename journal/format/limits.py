"""The numbers of docs/format.md, section "Limits"."""

FORMAT = 1

LINE_BYTES_MAX = 256 * 1024
"""The longest record line, terminator included."""

SPACES_MAX = 63
"""A writer puts up to so many spaces into a line, by chance: see "Lines"."""

PAYLOAD_BYTES_INLINE_MAX = 64 * 1024
"""A longer payload goes to a blob, and the record refers to it."""

BLOB_BYTES_MAX = 64 * 1024 * 1024
"""The longest payload of one record at all."""

DEPTH_MAX = 100
"""How deep arrays and objects of a payload may nest."""

ID_BYTES_MAX = 1024
TYPE_BYTES_MAX = 100
SUMMARY_CHARACTERS_MAX = 500

SEQ_MAX = 2**53 - 1

ROLL_BYTES_DEFAULT = 1024 * 1024
"""A segment of this size or more gets no further transaction."""

COMPACT_BYTES_DEFAULT = 16 * 1024 * 1024
COMPACT_SEGMENTS_DEFAULT = 512
"""Beyond so many bytes, or so many segments, the live part of a store is compacted by itself."""

SEES_COMPLETE_EVERY = 64
"""At least every so many segments a lane writes a complete ``sees``."""

SEES_COMPLETE_BYTES_MAX = 4096
"""A ``sees`` up to this size is always written complete."""

SEES_INLINE_BYTES_MAX = 128 * 1024
"""A longer complete ``sees`` goes to a blob."""

PACK_MEMBER_BYTES = 32 * 1024
"""A pack is a chain of gzip members of about this many bytes each, so that one event can be read alone."""

PACK_MEMBER_BYTES_MAX = LINE_BYTES_MAX + PACK_MEMBER_BYTES
"""No reader ever inflates more than this for one member of a pack."""

CHECKPOINT_LINE_BYTES_MAX = BLOB_BYTES_MAX + LINE_BYTES_MAX
"""No reader ever buffers more than this for one line of a checkpoint."""

LFS_BYTES_DEFAULT = 1024 * 1024
"""A caller's blob of this size or more goes through git LFS, where that is on and nothing else is said."""

LFS_BYTES_MIN = 1024
"""No smaller one ever does: git LFS takes short files for pointers, if they look like one."""

POINTER_BYTES_MAX = 144
"""No pointer is longer, and no reader takes a longer file for one."""

TOKEN_CHARACTERS_MAX = 1024 * 1024
"""No position token is longer, and no reader decodes more."""
