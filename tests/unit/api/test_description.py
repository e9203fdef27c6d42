"""The API's description is true: requests made from it get answers that it describes."""

from __future__ import annotations

import io
from pathlib import Path

import fakes
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sorted_pictures import make_zip

from core import api
from core.api.asked import OPTIONS, SUBJECTS, options_of
from core.api.description import description

ITEMS = [fakes.make_items(catalogue).row(3).id for catalogue in ("clothing", "fashion-mnist")]
KINDS = ("png", "webp", "avif", "gif", "bmp", "tiff", "heic")


def picture(rgb: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb).save(buffer, "PNG")
    return buffer.getvalue()


PICTURES = st.sampled_from([picture((200, 30, 40)), picture((9, 9, 9))])
schemathesis.openapi.format("region", st.sampled_from(["0,0,1,1", "0.25,0.1,0.75,0.9", "0.05,0.5,0.55,1"]))
schemathesis.openapi.media_type("application/zip", st.just(make_zip({"red/a.png": picture((200, 30, 40))})))
schemathesis.openapi.media_type("image/jpeg", PICTURES, aliases=[f"image/{kind}" for kind in KINDS])


with pytest.MonkeyPatch.context() as patch:
    patch.setenv("VITRINE_API_PER_MINUTE", "0")  # one client asks all this
    patch.setenv("VITRINE_ARTIFACTS_DIR", "none")  # where only the default backbone searches, as among the tiny ones
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", api.application())


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(tiny_artifacts: Path, case: schemathesis.Case) -> None:
    if "item" in (case.query or {}) and case.meta is not None and case.meta.generation.mode.is_positive:
        case.query["item"] = ITEMS[len(str(case.query)) % 2]  # so that some are found
    if "cursor" in (case.query or {}) and case.meta is not None and case.meta.generation.mode.is_positive:
        case.query["cursor"] = ITEMS[case.query["catalogue"] != "clothing"]
    case.call_and_validate()


def test_every_option_of_a_search_is_described_wherever_it_is_accepted() -> None:
    whole = description("/elsewhere/api")
    bodies = whole["paths"]["/elsewhere/api/search"]["post"]["requestBody"]["content"]
    by_json = bodies["application/json"]["schema"]["oneOf"]
    for body in (bodies["multipart/form-data"]["schema"], *by_json):
        subject = body["required"][0]
        assert [name for name in body["properties"] if name not in body["required"]] == list(options_of(subject))
    assert [body["required"] for body in by_json] == [[subject] for subject in SUBJECTS]
    similar = whole["paths"]["/elsewhere/api/similar"]["get"]["parameters"]
    assert [one["$ref"].rpartition("/")[2] for one in similar] == ["item", *OPTIONS]
