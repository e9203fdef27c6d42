"""Settings: every limit and every folder in one place; folders can be moved by the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

DEFAULT_BACKBONE = "vitrine-clip"
DEFAULT_K = 5
MAX_K = 100

#: Limits for one picture from outside. 10 MB is more than any phone's JPEG at 12 MP;
#: 40 MP takes 160 MB once decoded and two to three times that on the way (measured).
MAX_IMAGE_BYTES = 10 * 1000 * 1000
MAX_IMAGE_PIXELS = 40 * 1000 * 1000

#: Words that a visitor may type into one field.
MAX_WORDS = 200  # characters
#: Items that a query can be pushed away from.
MAX_LESS_ITEMS = 5

#: A search uses all cores for tens of milliseconds, so two overlap and no more; pages and API share these places.
MAX_SEARCHES = 2
#: A picture of more megapixels is heavy: only one such is decoded at a time.
HEAVY_MEGAPIXELS = 16

#: Limits of the HTTP API. To wait costs a connection and nothing else, to be turned away and ask again costs more:
#: so many may wait, and as many of one address.
API_MAX_WAITING = 512
API_MAX_WAITING_EACH = 256
API_PATIENCE_S = 10.0
#: Requests with a body that are in hand at once, from its first byte to the answer, and how many of one address.
API_MAX_UPLOADS = 64
API_MAX_UPLOADS_EACH = 8
#: A body has so many seconds, and more while it comes at this rate, but no more than the last figure in all.
API_GRACE_S = 5.0
API_BYTES_PER_S = 8_000
API_UPLOAD_S = 30.0
API_MAX_JSON_BYTES = 64 * 1000
API_MAX_TEXT = 500  # characters
#: One client's searches, beside `api_per_minute`: after a pause, as many as come together in so many seconds may be
#: asked at once. To look at a picture costs a tenth of a search, to search with one a search for so many megapixels.
#: Of so many clients is remembered what they asked.
API_BURST_S = 15
API_PICTURE_COST = 0.1
API_SEARCH_MEGAPIXELS = 4
API_MAX_CLIENTS = 10_000

#: Pictures of one request that asks about several, and the bytes of its body; the same of two archives.
API_MAX_BATCH = 16
API_MAX_BATCH_BYTES = 40 * 1000 * 1000
API_MAX_MATCH_BYTES = 40 * 1000 * 1000

#: Limits of a ZIP archive from outside, checked on what it declares before anything is unpacked.
MAX_ARCHIVE_BYTES = 200 * 1000 * 1000
MAX_ARCHIVE_ENTRIES = 5000
MAX_UNPACKED_BYTES = 200 * 1000 * 1000
MAX_UNPACK_RATIO = 100
#: Uploads that one visit may have on the server at a time: the largest archive, and pictures beside it.
MAX_VISIT_UPLOAD_BYTES = 250 * 1000 * 1000
#: Those of all visits together; and how long a visit whose page was closed is kept for its return, in seconds.
MAX_UPLOAD_BYTES = 400 * 1000 * 1000
VISIT_GRACE_S = 60.0
#: Limits of a CSV table from outside.
MAX_CSV_BYTES = 10 * 1000 * 1000
MAX_CSV_ROWS = 5000
MAX_CSV_COLUMNS = 100
MAX_CELL = 2000  # characters

#: Limits of embeddings from outside: a file of them, and how many numbers each has.
MAX_VECTOR_BYTES = 100 * 1000 * 1000
MAX_VECTOR_DIM = 4096

#: Limits of fetching pictures by URL, where that is allowed at all; the size of one is `MAX_IMAGE_BYTES`.
URL_TOTAL_S = 20.0
URL_READ_S = 5.0
URL_PARALLEL = 8
URL_REDIRECTS = 3


#: Milvus has so many seconds to answer; what it last said of its catalogues is believed for so many, and, where it did
#: not answer, that it does not, for so many: every page waits for it meanwhile.
MILVUS_DEADLINE_S = 5.0
MILVUS_FRESH_S = 5.0
MILVUS_DOWN_S = 30.0


@dataclass(frozen=True)
class Quota:
    """What one visitor's own catalogue may hold; whatever is over it is left out, with the reason.

    Attributes:
        images: Items at a time; up to here exact search is fast enough.
        bytes: Of picture files read in one visit, whether they were kept or not.
        memory: Bytes of thumbnails, embeddings and texts held at a time.
        queries: Pictures in one set of queries.
        megapixels: Decoded in one visit for a catalogue, or for one set of queries. So much is in 500 MB of photos.
    """

    images: int = 5000
    bytes: int = 500 * 1000 * 1000
    memory: int = 80 * 1000 * 1000
    queries: int = 1000
    megapixels: float = 5000.0


#: The same for one request of the API that matches an archive against another: half a minute's work.
API_MATCH = Quota(images=500, bytes=API_MAX_MATCH_BYTES * 5, queries=100)


def data_dir() -> Path:
    """Folder of downloaded data sets (`VITRINE_DATA_DIR`, default `data/`); may not exist."""
    return Path(os.environ.get("VITRINE_DATA_DIR") or ROOT / "data")


def own_dir() -> Path:
    """Folder of catalogues built with `python -m core build --catalogue` (`own/` in the data folder); may not exist."""
    return data_dir() / "own"


def classifiers_dir() -> Path:
    """Folder of the classifiers that the API may use (`classifiers/` in the data folder); may not exist."""
    return data_dir() / "classifiers"


def is_local() -> bool:
    """Whether whoever uses the pages owns this computer (`VITRINE_LOCAL=1`; any other value, and the default: no).

    Only then, and if the server listens to this computer alone, do the pages open folders and saved catalogues.
    """
    return os.environ.get("VITRINE_LOCAL") == "1"


def public_url() -> str:
    """The address at which others reach the pages (`VITRINE_PUBLIC_URL`, http or https), "" where nobody said so."""
    address = os.environ.get("VITRINE_PUBLIC_URL", "").strip()
    return address if address.startswith(("http://", "https://")) else ""


def artifacts_dir() -> Path:
    """Folder of computed files (`VITRINE_ARTIFACTS_DIR`, default `artifacts/`)."""
    return Path(os.environ.get("VITRINE_ARTIFACTS_DIR") or ROOT / "artifacts")


@dataclass(frozen=True)
class MilvusPlace:
    """Where a Milvus is, and how one gets in.

    Attributes:
        uri: A path ending in `.db` (Milvus Lite, in this process), or `http://HOST:PORT` of a server.
        token: "USER:PASSWORD" or a key; it is in no log and no sentence.
        database: "" for the usual one.
    """

    uri: str
    token: str = field(default="", repr=False)
    database: str = ""

    @property
    def is_lite(self) -> bool:
        """Whether it is a file that this process alone has open."""
        return self.uri.endswith(".db")


def milvus() -> MilvusPlace | None:
    """Where catalogues are kept that are too large for one process; None, the default, for nowhere.

    From `VITRINE_MILVUS_URI`, `VITRINE_MILVUS_TOKEN` and `VITRINE_MILVUS_DATABASE`.
    """
    uri, token, database = (os.environ.get(f"VITRINE_MILVUS_{name}", "") for name in ("URI", "TOKEN", "DATABASE"))
    return MilvusPlace(uri, token, database) if uri else None


def n_threads() -> int:
    """Threads for inference (`VITRINE_THREADS`, default: the cores this process may use)."""
    value = os.environ.get("VITRINE_THREADS", "")
    if value.isdigit() and int(value) > 0:
        return int(value)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def allow_urls() -> bool:
    """Whether pictures may be fetched by URL (`VITRINE_ALLOW_URLS=1`; any other value, and the default: no)."""
    return os.environ.get("VITRINE_ALLOW_URLS") == "1"


def api_per_minute() -> int:
    """Searches that one client of the API may make in a minute (`VITRINE_API_PER_MINUTE`, default 240; 0: any)."""
    value = os.environ.get("VITRINE_API_PER_MINUTE", "")
    return int(value) if value.isascii() and value.isdigit() else 240


def trusts_proxies() -> bool:
    """Whether proxies are named whose X-Forwarded-For is believed (`FORWARDED_ALLOW_IPS`, a setting of uvicorn's)."""
    return bool(os.environ.get("FORWARDED_ALLOW_IPS"))
