"""Which media type a file's name stands for. A table of our own: Python's grows with its versions. Pure.

A reference to a blob holds the type, so the same file has to have the same one on every machine.
"""

from functools import cache

UNKNOWN = "application/octet-stream"

_TABLE = """\
application/epub+zip epub
application/geo+json geojson
application/gzip gz tgz
application/java-archive jar
application/json json map
application/jsonl jsonl ndjson
application/ld+json jsonld
application/manifest+json webmanifest
application/msword doc dot
application/pdf pdf
application/pgp-signature sig
application/postscript ai eps ps
application/rtf rtf
application/sql sql
application/toml toml
application/vnd.apache.parquet parquet
application/vnd.apple.mpegurl m3u m3u8
application/vnd.ms-excel xls
application/vnd.ms-fontobject eot
application/vnd.ms-outlook msg
application/vnd.ms-powerpoint pot pps ppt
application/vnd.oasis.opendocument.graphics odg
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.text odt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.rar rar
application/vnd.sqlite3 db sqlite sqlite3
application/wasm wasm
application/x-7z-compressed 7z
application/x-bzip2 bz2
application/x-hdf5 h5
application/x-ipynb+json ipynb
application/x-sh sh
application/x-tar tar
application/x-xz xz
application/xhtml+xml xhtml
application/xml rdf wsdl xml xsl
application/yaml yaml yml
application/zip zip
application/zstd zst
audio/aac aac
audio/flac flac
audio/midi mid midi
audio/mp4 m4a
audio/mpeg mp3
audio/ogg oga ogg
audio/opus opus
audio/wav wav
audio/x-aiff aif aiff
font/otf otf
font/ttf ttf
font/woff woff
font/woff2 woff2
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/heif heif
image/jp2 jp2
image/jpeg jpe jpeg jpg
image/jxl jxl
image/png png
image/svg+xml svg
image/tiff tif tiff
image/vnd.microsoft.icon ico
image/webp webp
message/rfc822 eml mht mhtml
model/gltf+json gltf
model/gltf-binary glb
text/calendar ics
text/css css
text/csv csv
text/html htm html
text/javascript cjs js mjs
text/markdown markdown md
text/plain c cfg conf diff h ini log patch txt
text/tab-separated-values tsv
text/vcard vcf
text/vtt vtt
text/x-python py
text/x-rst rst
video/matroska mkv
video/mp4 mp4
video/mpeg mpeg mpg
video/ogg ogv
video/quicktime mov
video/webm webm
video/x-msvideo avi
"""


@cache
def _by_ending() -> dict[str, str]:
    lines = (line.split() for line in _TABLE.splitlines())
    return {ending: kind for kind, *endings in lines for ending in endings}


def guessed(name: str) -> str:
    """Return the media type that the ending of a file's name stands for."""
    return _by_ending().get(name.rpartition(".")[2].lower() if "." in name else "", UNKNOWN)
